import { type Clock, sleep } from '../runtime/clock.ts';
import { SpirekitError } from '../runtime/errors.ts';
import type { Chaos } from './chaos.ts';

/** What chaos is made with; each resolves when it has come about. */
export interface ChaosTarget {
  stopServer(): Promise<void>;
  stopAgent(): Promise<void>;
  startAgent(): Promise<void>;
  deleteEntries(): Promise<void>;
  createEntries(): Promise<void>;
  /** Has the agent fetch new SVIDs for all entries. Resolves with false where there are no entries now. */
  renewSvids(): Promise<boolean>;
}

/** How chaos is made. */
export interface ChaosOptions {
  readonly clock: Clock;
  /** Is told what happens, when it has happened. */
  readonly say: (line: string) => void;
}

/** How long an agent that was dropped stays away, unless it is dropped more often than that. */
const AWAY_MS = 1_000;

/** Makes trouble in a trust domain until it is disposed of. Each kind goes by a time of its own. */
export class ChaosRun implements AsyncDisposable {
  readonly #target: ChaosTarget;
  readonly #options: ChaosOptions;
  readonly #startMs: number;
  readonly #stop = new AbortController();
  readonly #loops: readonly Promise<void>[];

  constructor(all: readonly Chaos[], target: ChaosTarget, options: ChaosOptions) {
    this.#target = target;
    this.#options = options;
    this.#startMs = options.clock.monotonicMs();
    this.#loops = all.map((chaos) => this.#run(chaos));
  }

  /** Waits for what is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#loops);
  }

  async #run({ kind, ms }: Chaos): Promise<void> {
    try {
      switch (kind) {
        case 'slow':
          return this.#say(kind, `answers of the Workload API come ${ms} ms late`);
        case 'expire':
          await this.#wait(ms);
          await this.#do(kind, 'the server has ended: SVIDs run out, nothing is renewed', () =>
            this.#target.stopServer(),
          );
          return;
        case 'revoke':
          return await this.#revoke(ms);
        case 'drop':
          return await this.#drop(ms);
        case 'rotate':
          for (;;) {
            await this.#wait(ms);
            await this.#do(kind, 'new SVIDs', () => this.#target.renewSvids());
          }
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#say(kind, `ended: ${SpirekitError.from(error).message}`);
    }
  }

  async #revoke(ms: number): Promise<void> {
    for (;;) {
      await this.#wait(ms);
      await this.#do('revoke', 'entries deleted: callers get PermissionDenied', () => this.#target.deleteEntries());
      await this.#wait(ms);
      await this.#do('revoke', 'entries created again', () => this.#target.createEntries());
    }
  }

  async #drop(ms: number): Promise<void> {
    for (;;) {
      await this.#wait(ms);
      await this.#do('drop', 'the agent has ended: streams break, the socket is gone', () => this.#target.stopAgent());
      try {
        await this.#wait(Math.min(AWAY_MS, ms / 2));
      } finally {
        // Whoever ends the run finds the trust domain whole.
        if (!this.#stop.signal.aborted) await this.#do('drop', 'the agent is back', () => this.#target.startAgent());
      }
    }
  }

  async #do(kind: Chaos['kind'], what: string, act: () => Promise<unknown>): Promise<void> {
    const isDone = (await act()) !== false;
    if (isDone && !this.#stop.signal.aborted) this.#say(kind, what);
  }

  #wait(ms: number): Promise<void> {
    return sleep(this.#options.clock, ms, { signal: this.#stop.signal });
  }

  #say(kind: Chaos['kind'], what: string): void {
    const seconds = (this.#options.clock.monotonicMs() - this.#startMs) / 1000;
    this.#options.say(`chaos ${kind} after ${seconds.toFixed(1)}s: ${what}`);
  }
}
