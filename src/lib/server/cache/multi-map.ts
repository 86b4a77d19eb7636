const NOTHING: ReadonlySet<never> = new Set<never>();

/** Several values under a key, in the order they came. */
export class MultiMap<T> {
  readonly #sets = new Map<string, Set<T>>();

  add(key: string, value: T): void {
    const set = this.#sets.get(key);
    if (set === undefined) this.#sets.set(key, new Set([value]));
    else set.add(value);
  }

  delete(key: string, value: T): void {
    const set = this.#sets.get(key);
    if (set === undefined) return;
    set.delete(value);
    if (set.size === 0) this.#sets.delete(key);
  }

  get(key: string): ReadonlySet<T> {
    return this.#sets.get(key) ?? NOTHING;
  }
}
