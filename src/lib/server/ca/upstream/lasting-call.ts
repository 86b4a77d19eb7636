import type { Clock } from '../../../runtime/clock.ts';
import { SpirekitError } from '../../../runtime/errors.ts';

/** What a call gave at first, and what goes on behind it until its signal aborts. */
export interface Begun<T> {
  readonly result: T;
  readonly follow: () => Promise<void>;
}

/** Calls of one kind of which the last lasts: the next one that succeeds ends what the one before had left running. */
export class LastingCall implements AsyncDisposable {
  readonly #clock: Clock;
  #running = new AbortController();
  #following: Promise<void> = Promise.resolve();
  #lastCall: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs one after the other. Errors: `deadline-exceeded` when the first answer takes longer, `canceled`, what the call throws. */
  run<T>(timeoutMs: number, call: (signal: AbortSignal) => Promise<Begun<T>>): Promise<T> {
    const next = this.#lastCall.then(() => this.#begin(timeoutMs, call));
    this.#lastCall = next.catch(() => undefined);
    return next;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#running.abort(stopped());
    await this.#lastCall;
    await this.#following;
  }

  async #begin<T>(timeoutMs: number, call: (signal: AbortSignal) => Promise<Begun<T>>): Promise<T> {
    if (this.#isClosed) throw stopped();
    const before = this.#running;
    const running = new AbortController();
    this.#running = running;
    const tooLate = (): void =>
      running.abort(
        new SpirekitError('deadline-exceeded', `no answer of the upstream authority within ${timeoutMs / 1000} s`),
      );
    const cancelTimer = this.#clock.schedule(timeoutMs, tooLate, { unref: true });
    try {
      const { result, follow } = await untilAborted(call(running.signal), running.signal);
      before.abort(stopped());
      const formerly = this.#following;
      this.#following = Promise.all([formerly, follow()]).then(() => undefined);
      return result;
    } catch (error) {
      running.abort(stopped());
      // What the call before had left running goes on.
      this.#running = before;
      if (this.#isClosed) before.abort(stopped());
      throw error;
    } finally {
      cancelTimer();
    }
  }
}

/** A call that does not look at its signal must not hold anybody up. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function stopped(): SpirekitError {
  return new SpirekitError('canceled', 'the call to the upstream authority was given up');
}
