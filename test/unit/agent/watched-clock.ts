import type { CancelTimer, Clock } from '../../../src/lib/runtime/clock.ts';

/** A clock that stands until a test moves it, and that tells when somebody has begun to wait on it. */
export class WatchedClock implements Clock {
  #nowMs = Date.UTC(2031, 4, 6, 7, 8, 9);
  readonly #timers = new Set<{ readonly atMs: number; readonly callback: () => void }>();
  readonly #watching = new Set<() => void>();

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  schedule(delayMs: number, callback: () => void): CancelTimer {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), callback };
    this.#timers.add(timer);
    for (const wake of this.#watching) wake();
    return () => this.#timers.delete(timer);
  }

  /** Moves on and runs what falls due, in order. */
  advance(deltaMs: number): void {
    const endMs = this.#nowMs + deltaMs;
    for (;;) {
      const [next] = [...this.#timers].filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#nowMs = next.atMs;
      next.callback();
    }
    this.#nowMs = endMs;
  }

  /** Whether somebody waits for exactly so long from now. */
  isAwaited(delayMs: number): boolean {
    return [...this.#timers].some(({ atMs }) => atMs === this.#nowMs + delayMs);
  }

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
}
