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
    const middle = this.#times.toSorted((a, b) => a - b)[Math.floor(calls / 2)] ?? 0;
    this.#times = [];
    return middle;
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

  /** Ends with the call under way. How many calls were made, and the time of the slowest in milliseconds. */
  async stop(): Promise<{ readonly calls: number; readonly slowestMs: number }> {
    this.#isDone = true;
    await this.#running;
    const result = { calls: this.#times.length, slowestMs: Math.max(0, ...this.#times) };
    this.#times = [];
    return result;
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
