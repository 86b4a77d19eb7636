import type { SelectorSet } from './selector-set.ts';

/** What woke a subscriber. */
export interface Wakeup {
  /** The agent has just tried to get the SVIDs that were missing, whatever came of it. */
  readonly isSettled: boolean;
  /** Some of them the server does not give. */
  readonly isRefused: boolean;
}

/**
 * One workload that waits for changes. It holds no changes, only the fact that there are some: a slow reader gets the
 * newest state, however many it missed.
 */
export class Subscriber {
  readonly selectors: SelectorSet;
  /** Whether it is of use only with SVIDs: a stream of bundles does without. */
  readonly needsSvids: boolean;
  #isChanged = true;
  #isSettled = false;
  #isRefused = false;
  #wake: () => void = () => {};

  constructor(selectors: SelectorSet, needsSvids: boolean) {
    this.selectors = selectors;
    this.needsSvids = needsSvids;
  }

  /** Something that it may care about has changed. */
  notify(): void {
    this.#isChanged = true;
    this.#wake();
  }

  /** The agent has tried to get missing SVIDs. */
  settle({ isRefused }: { readonly isRefused: boolean }): void {
    this.#isSettled = true;
    this.#isRefused ||= isRefused;
    this.notify();
  }

  /** Resolves at the next change, at once if there was one since the last call. One caller at a time. */
  async nextWakeup(): Promise<Wakeup> {
    if (!this.#isChanged) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    const wakeup = { isSettled: this.#isSettled, isRefused: this.#isRefused };
    this.#isChanged = false;
    this.#isSettled = false;
    this.#isRefused = false;
    return wakeup;
  }
}
