import { isSubset, type SelectorSet } from './selector-set.ts';

/** Something that is found by its selectors. */
export interface Indexed {
  readonly selectors: SelectorSet;
}

/**
 * Finds those items whose selectors are all among the given ones. Each item is filed under only one of its selectors,
 * the one that fewest others are filed under, so that a selector which everybody has costs nothing.
 */
export class SubsetIndex<T extends Indexed> {
  readonly #drawers = new Map<string, Set<T>>();
  readonly #filedUnder = new Map<T, string>();

  /** Items without selectors are never found. */
  add(item: T): void {
    let best: string | undefined;
    let bestSize = Number.POSITIVE_INFINITY;
    for (const selector of item.selectors) {
      const size = this.#drawers.get(selector)?.size ?? 0;
      if (size < bestSize) [best, bestSize] = [selector, size];
    }
    if (best === undefined) return;
    const drawer = this.#drawers.get(best) ?? new Set();
    this.#drawers.set(best, drawer.add(item));
    this.#filedUnder.set(item, best);
  }

  delete(item: T): void {
    const selector = this.#filedUnder.get(item);
    if (selector === undefined) return;
    const drawer = this.#drawers.get(selector);
    drawer?.delete(item);
    if (drawer?.size === 0) this.#drawers.delete(selector);
    this.#filedUnder.delete(item);
  }

  /** In no particular order. */
  *subsetsOf(selectors: SelectorSet): Generator<T> {
    for (const selector of selectors) {
      for (const item of this.#drawers.get(selector) ?? []) if (isSubset(item.selectors, selectors)) yield item;
    }
  }
}

/** Finds those items whose selectors include all the given ones. */
export class SupersetIndex<T extends Indexed> {
  readonly #drawers = new Map<string, Set<T>>();

  add(item: T): void {
    for (const selector of item.selectors) {
      const drawer = this.#drawers.get(selector) ?? new Set();
      this.#drawers.set(selector, drawer.add(item));
    }
  }

  delete(item: T): void {
    for (const selector of item.selectors) {
      const drawer = this.#drawers.get(selector);
      drawer?.delete(item);
      if (drawer?.size === 0) this.#drawers.delete(selector);
    }
  }

  /** In no particular order; nothing for an empty set. */
  *supersetsOf(selectors: SelectorSet): Generator<T> {
    let smallest: ReadonlySet<T> | undefined;
    for (const selector of selectors) {
      const drawer = this.#drawers.get(selector);
      if (drawer === undefined) return;
      if (smallest === undefined || drawer.size < smallest.size) smallest = drawer;
    }
    for (const item of smallest ?? []) if (isSubset(selectors, item.selectors)) yield item;
  }
}
