import type { Clock } from '../../runtime/clock.ts';

/** Waits for a time or for somebody who cannot wait, whichever comes first. */
export class Alarm {
  readonly #clock: Clock;
  #isRinging = false;
  #wake: () => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Ends the present wait, or the next one at once. */
  ring(): void {
    this.#isRinging = true;
    this.#wake();
  }

  /** Resolves after the delay, or as soon as {@link ring} is called; rejects with the reason when the signal aborts. */
  async wait(delayMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!this.#isRinging) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const cancel = this.#clock.schedule(delayMs, resolve);
      this.#wake = resolve;
      signal.addEventListener('abort', this.#onAbort, { once: true });
      await promise;
      signal.removeEventListener('abort', this.#onAbort);
      cancel();
      signal.throwIfAborted();
    }
    this.#isRinging = false;
  }

  readonly #onAbort = (): void => this.#wake();
}
