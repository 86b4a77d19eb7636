import type { CancelTimer, Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import { type CallCounterDeps, countCall } from '../telemetry/call-counter.ts';
import type { MetricKey, Metrics } from '../telemetry/metrics.ts';

/** Work that is done now and then. */
export interface Chore {
  /** For the log, when it fails. */
  readonly name: string;
  /** How long until the next time; a function is asked after each. */
  readonly everyMs: number | (() => number);
  /** What it is counted under, if it is. */
  readonly metric?: MetricKey;
  /** Gets the time in whole seconds since the Unix epoch. */
  readonly run: (nowSeconds: number) => Promise<unknown>;
}

/** Does its chores until it is disposed. A chore that fails is tried again at its next time. */
export class Housekeeping implements AsyncDisposable {
  readonly #timers = new Map<Chore, CancelTimer>();
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #metrics: Metrics;
  #work: Promise<unknown> = Promise.resolve();

  constructor({ clock, log, metrics }: CallCounterDeps & { readonly log: Logger }) {
    this.#clock = clock;
    this.#log = log;
    this.#metrics = metrics;
  }

  /** The first time of each chore comes after its interval. */
  start(chores: readonly Chore[]): void {
    for (const chore of chores) this.#arm(chore);
  }

  /** Resolves when what was started so far is done. */
  async settled(): Promise<void> {
    await this.#work;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    await this.#work;
  }

  #arm(chore: Chore): void {
    const start = (): void => {
      const done = this.#do(chore).then(() => {
        if (this.#timers.has(chore)) this.#arm(chore);
      });
      this.#work = Promise.all([this.#work, done]);
    };
    const delayMs = typeof chore.everyMs === 'number' ? chore.everyMs : chore.everyMs();
    this.#timers.set(chore, this.#clock.schedule(delayMs, start, { unref: true }));
  }

  async #do({ name, metric, run }: Chore): Promise<void> {
    const work = (): Promise<unknown> => run(Math.floor(this.#clock.nowMs() / 1000));
    try {
      await (metric === undefined ? work() : countCall({ metrics: this.#metrics, clock: this.#clock }, metric, work));
    } catch (error) {
      this.#log.error(`Failed ${name}`, { error });
    }
  }
}
