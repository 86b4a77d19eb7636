/** How many calls were served, and how long they took. */
export interface CallTimes {
  readonly calls: number;
  readonly middleMs: number;
  readonly slowestMs: number;
}

/** Someone who asks again and again, and notes how long each answer took. */
export class HonestCaller {
  readonly #ask: () => Promise<void>;
  #times: number[] = [];
  readonly failures: string[] = [];
  #isDone = false;
  #running: Promise<void> = Promise.resolve();

  /** @param ask one call on a connection of its own; rejects if it was not served */
  constructor(ask: () => Promise<void>) {
    this.#ask = ask;
  }

  /** Calls so often, one after the other, and returns the middle time in milliseconds. */
  async warmUp(calls: number): Promise<number> {
    for (let call = 0; call < calls; call += 1) await this.#once();
    return this.#takeTimes().middleMs;
  }

  start(): void {
    this.#isDone = false;
    this.#running = (async () => {
      while (!this.#isDone) {
        await this.#once();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
  }

  /** Ends with the call under way, and tells how the calls went since the start. */
  async stop(): Promise<CallTimes> {
    this.#isDone = true;
    await this.#running;
    return this.#takeTimes();
  }

  #takeTimes(): CallTimes {
    const times = this.#times.toSorted((a, b) => a - b);
    this.#times = [];
    return { calls: times.length, middleMs: times[times.length >> 1] ?? 0, slowestMs: times.at(-1) ?? 0 };
  }

  async #once(): Promise<void> {
    const started = performance.now();
    try {
      await this.#ask();
      this.#times.push(performance.now() - started);
    } catch (error) {
      this.failures.push(String(error));
    }
  }
}
