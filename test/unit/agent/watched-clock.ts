import { ManualClock } from '../../support/manual-clock.ts';

/** A clock that stands until a test moves it, and that tells when somebody has begun to wait on it. */
export class WatchedClock extends ManualClock {
  readonly #watching = new Set<() => void>();

  /** Resolves when somebody waits for exactly one of these times from now; with the first that is waited for. */
  async untilAwaited(...delaysMs: readonly number[]): Promise<number> {
    for (;;) {
      const awaited = delaysMs.find((delayMs) => this.isAwaited(delayMs));
      if (awaited !== undefined) return awaited;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#watching.add(resolve);
      await promise;
      this.#watching.delete(resolve);
    }
  }

  protected override onSchedule(): void {
    for (const wake of this.#watching) wake();
  }
}
