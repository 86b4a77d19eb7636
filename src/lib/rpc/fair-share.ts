/**
 * A bounded supply that one user cannot use up. Each may hold as much as would still be free: a single hog gets half, `n`
 * hogs at once get `1/(n+1)` each, and who holds nothing gets something as long as anything is left.
 */
export class FairShare {
  readonly #capacity: number;
  readonly #held = new Map<string, number>();
  #total = 0;

  /** @param capacity how much there is of it, in whatever unit is taken */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Takes so much for the user, or nothing and tells `false`. */
  tryTake(user: string, amount = 1): boolean {
    if (this.#total + this.heldBy(user) + amount > this.#capacity) return false;
    this.take(user, amount);
    return true;
  }

  /** Takes so much for the user in any case. */
  take(user: string, amount: number): void {
    this.#held.set(user, this.heldBy(user) + amount);
    this.#total += amount;
  }

  /** Gives back what was taken. */
  giveBack(user: string, amount = 1): void {
    const held = this.heldBy(user) - amount;
    if (held > 0) this.#held.set(user, held);
    else this.#held.delete(user);
    this.#total -= amount;
  }

  /** How much one user holds. */
  heldBy(user: string): number {
    return this.#held.get(user) ?? 0;
  }

  /** How much all of them hold. */
  get total(): number {
    return this.#total;
  }
}
