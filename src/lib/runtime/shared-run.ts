/**
 * Work that never runs twice at once. Who asks for it while it runs gets the next run, since the present one may have looked
 * too early; those who ask while one waits share it. So any number of callers makes no more than two runs.
 */
export class SharedRun<T> {
  readonly #work: () => Promise<T>;
  #running: Promise<unknown> = Promise.resolve();
  /** The run that has not begun. */
  #next: Promise<T> | undefined;

  constructor(work: () => Promise<T>) {
    this.#work = work;
  }

  /** Settles as the run does. */
  run(): Promise<T> {
    if (this.#next !== undefined) return this.#next;
    const next = this.#running.then(() => {
      this.#next = undefined;
      return this.#work();
    });
    this.#next = next;
    this.#running = next.catch(() => undefined);
    return next;
  }

  /** Resolves when no run is under way and none waits. */
  async settled(): Promise<void> {
    for (let last: unknown; last !== this.#running; ) {
      last = this.#running;
      await last;
    }
  }
}
