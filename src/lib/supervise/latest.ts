import type { Clock } from '../runtime/clock.ts';

/** Keeps the newest of what comes until somebody takes it: who comes late misses what is out of date, and nothing else. */
export class Latest<T> {
  readonly #clock: Clock;
  #value: { readonly value: T } | undefined;
  #wake: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  put(value: T): void {
    this.#value = { value };
    this.#wake?.();
  }

  /** Takes what has come, or waits for it; gives undefined after `waitMs`, or as soon as the signal aborts. */
  async take(options: { readonly signal: AbortSignal; readonly waitMs: number }): Promise<T | undefined> {
    if (this.#value === undefined && !options.signal.aborted) await this.#wait(options);
    const taken = this.#value;
    this.#value = undefined;
    return taken?.value;
  }

  #wait({ signal, waitMs }: { readonly signal: AbortSignal; readonly waitMs: number }): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel?.();
        signal.removeEventListener('abort', done);
        this.#wake = undefined;
        resolve();
      };
      const cancel = Number.isFinite(waitMs) ? this.#clock.schedule(waitMs, done) : undefined;
      signal.addEventListener('abort', done, { once: true });
      this.#wake = done;
    });
  }
}
