import { SpirekitError } from '../runtime/errors.ts';
import { type Change, mergeChanges } from './change.ts';

/** Something that is done about each change. */
export interface Reaction {
  /** @throws SpirekitError for what could not be done; the next reaction has its turn all the same */
  run(change: Change, signal: AbortSignal): Promise<void>;
  /** Told of what {@link run} threw. */
  failed(error: SpirekitError): void;
}

/**
 * Does one thing after the other about each change, never twice at once. Changes that come meanwhile become one, which has
 * its turn next: none is lost, however slow a reaction is.
 */
export class Reactions implements AsyncDisposable {
  readonly #reactions: readonly Reaction[];
  readonly #stop = new AbortController();
  #waiting: Change | undefined;
  #running: Promise<boolean> | undefined;
  #areAllWell = true;

  constructor(reactions: readonly Reaction[]) {
    this.#reactions = reactions;
  }

  push(change: Change): void {
    if (this.#stop.signal.aborted) return;
    this.#waiting = this.#waiting === undefined ? change : mergeChanges(this.#waiting, change);
    this.#running ??= this.#work();
  }

  /** Resolves when nothing is left to do: whether all went well the last time. */
  async idle(): Promise<boolean> {
    while (this.#running !== undefined) await this.#running;
    return this.#areAllWell;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new SpirekitError('canceled', 'stopping'));
    this.#waiting = undefined;
    await this.idle();
  }

  async #work(): Promise<boolean> {
    // The caller has noted the promise by then.
    await undefined;
    for (let change = this.#waiting; change !== undefined; change = this.#waiting) {
      this.#waiting = undefined;
      this.#areAllWell = true;
      for (const reaction of this.#reactions) {
        try {
          await reaction.run(change, this.#stop.signal);
        } catch (cause) {
          this.#areAllWell = false;
          if (!this.#stop.signal.aborted) reaction.failed(SpirekitError.from(cause));
        }
      }
    }
    this.#running = undefined;
    return this.#areAllWell;
  }
}
