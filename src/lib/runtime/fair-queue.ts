/** A task that waits for its turn. */
type Waiting = () => void;

/**
 * Lets so many tasks run at once. Those that wait are taken from their users in turn, so that one with thousands of them
 * delays another's by one task and not by thousands.
 */
export class FairQueue {
  readonly #atOnce: number;
  /** In the order in which the users are served; a user without waiting tasks is not in it. */
  readonly #waiting = new Map<string, Waiting[]>();
  #running = 0;

  /** @param atOnce how many tasks may run at once */
  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** Runs the task in its turn and settles as it does; rejects with the signal's reason if that aborts before its turn. */
  async run<T>(user: string, task: () => Promise<T>, options: { signal?: AbortSignal | undefined } = {}): Promise<T> {
    if (this.#running < this.#atOnce) this.#running += 1;
    else await this.#turn(user);
    try {
      options.signal?.throwIfAborted();
      return await task();
    } finally {
      this.#next();
    }
  }

  #turn(user: string): Promise<void> {
    return new Promise((resolve) => {
      const others = this.#waiting.get(user);
      if (others === undefined) this.#waiting.set(user, [resolve]);
      else others.push(resolve);
    });
  }

  /** The place of a task that has ended goes to the next user, who then stands last. */
  #next(): void {
    const [first] = this.#waiting;
    if (first === undefined) {
      this.#running -= 1;
      return;
    }
    const [user, tasks] = first;
    const resolve = tasks.shift();
    this.#waiting.delete(user);
    if (tasks.length > 0) this.#waiting.set(user, tasks);
    resolve?.();
  }
}
