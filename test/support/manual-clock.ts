import type { CancelTimer, Clock } from '../../src/lib/runtime/clock.ts';

interface Timer {
  /** Of the monotonic clock. */
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/** A clock that stands until a test moves it. */
export class ManualClock implements Clock {
  #nowMs: number;
  #monotonicMs: number;
  #order = 0;
  readonly #timers = new Set<Timer>();

  constructor(nowMs = Date.UTC(2031, 4, 6, 7, 8, 9)) {
    this.#nowMs = nowMs;
    this.#monotonicMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  schedule(delayMs: number, callback: () => void): CancelTimer {
    const timer = { atMs: this.#monotonicMs + Math.max(0, delayMs), order: this.#order++, callback };
    this.#timers.add(timer);
    this.onSchedule();
    return () => this.#timers.delete(timer);
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves on and runs what falls due, in order. Work that a timer starts and that takes turns is not waited for. */
  advance(deltaMs: number): void {
    const end = this.#monotonicMs + deltaMs;
    for (let timer = this.#next(end); timer !== undefined; timer = this.#next(end)) {
      this.#timers.delete(timer);
      this.#moveTo(timer.atMs);
      timer.callback();
    }
    this.#moveTo(end);
  }

  /** Sets the wall clock forward, or back with a negative number; no time passes. */
  jump(deltaMs: number): void {
    this.#nowMs += deltaMs;
  }

  /** The machine sleeps: on Linux the monotonic clock stands still meanwhile, and with it all timers. */
  suspend(durationMs: number): void {
    this.jump(durationMs);
  }

  /** Whether somebody waits for exactly so long from now. */
  isAwaited(delayMs: number): boolean {
    return [...this.#timers].some(({ atMs }) => atMs === this.#monotonicMs + delayMs);
  }

  /** Called when somebody begins to wait. */
  protected onSchedule(): void {}

  #moveTo(monotonicMs: number): void {
    this.#nowMs += monotonicMs - this.#monotonicMs;
    this.#monotonicMs = monotonicMs;
  }

  #next(endMs: number): Timer | undefined {
    return [...this.#timers]
      .filter((timer) => timer.atMs <= endMs)
      .sort((a, b) => a.atMs - b.atMs || a.order - b.order)[0];
  }
}
