import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { CancelTimer, Clock } from '../../runtime/clock.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import type { JobAnswer, NumberedJob, SigningJob, TaskOutcome } from './signing-job.ts';

/** Threads at most; more than that many processors are better used by other programs. */
const MOST_THREADS = 4;
/** Jobs that are with a thread at the same time: while it works on one, the next is already there. */
const JOBS_AHEAD = 2;
/** A thread that had nothing to do for so long is ended; it holds some 15 MiB. */
const IDLE_MS = 30_000;
/** A thread needs a few; what would need more is stopped before it takes the daemon's memory. */
const HEAP_LIMITS = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16 };

/** A job that is waiting or under way. */
interface Pending {
  readonly job: SigningJob;
  readonly resolve: (outcomes: readonly TaskOutcome[]) => void;
  readonly reject: (error: SpirekitError) => void;
}

/**
 * Threads beside the event loop that sign. They are started when there is work and end when there was none for a while.
 * Private keys reach them as KeyObjects, which share their memory and are never written out.
 */
export class SigningThreads implements AsyncDisposable {
  readonly #clock: Pick<Clock, 'schedule'>;
  readonly #size: number;
  readonly #threads = new Set<SigningThread>();
  readonly #waiting: Pending[] = [];
  #cancelEnd: CancelTimer | undefined;
  #isDisposed = false;

  /** By default as many threads as there are processors beside the event loop's, at least one. */
  constructor(clock: Pick<Clock, 'schedule'>, size = Math.min(MOST_THREADS, Math.max(1, availableParallelism() - 1))) {
    this.#clock = clock;
    this.#size = size;
  }

  /** How many threads there are now. */
  get count(): number {
    return this.#threads.size;
  }

  /** Resolves with an outcome for each task. Errors: `internal` if the thread fails, `unavailable` when disposed. */
  run(job: SigningJob): Promise<readonly TaskOutcome[]> {
    if (this.#isDisposed) return Promise.reject(stopping());
    this.#cancelEnd?.();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job, resolve, reject });
      this.#assign();
    });
  }

  /** Ends the threads; what was with them fails. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    this.#cancelEnd?.();
    for (const { reject } of this.#waiting.splice(0)) reject(stopping());
    await this.#endThreads(stopping());
  }

  #assign(): void {
    while (this.#waiting.length > 0) {
      const thread = this.#findFree() ?? this.#start();
      const pending = thread === undefined ? undefined : this.#waiting.shift();
      if (thread === undefined || pending === undefined) return;
      thread.begin(pending);
    }
    const isIdle = this.#threads.size > 0 && [...this.#threads].every((thread) => thread.load === 0);
    if (!isIdle || this.#isDisposed) return;
    this.#cancelEnd?.();
    this.#cancelEnd = this.#clock.schedule(IDLE_MS, () => void this.#endThreads(stopping()), { unref: true });
  }

  /** The thread with the least to do, unless it has enough and another one may be started. */
  #findFree(): SigningThread | undefined {
    const [least] = [...this.#threads].sort((a, b) => a.load - b.load);
    if (least === undefined || least.load >= JOBS_AHEAD) return undefined;
    return least.load > 0 && this.#threads.size < this.#size ? undefined : least;
  }

  #start(): SigningThread | undefined {
    if (this.#threads.size >= this.#size) return undefined;
    const thread = new SigningThread({
      onFree: () => this.#assign(),
      onEnd: () => {
        this.#threads.delete(thread);
        if (!this.#isDisposed) this.#assign();
      },
    });
    this.#threads.add(thread);
    return thread;
  }

  async #endThreads(reason: SpirekitError): Promise<void> {
    const threads = [...this.#threads];
    this.#threads.clear();
    await Promise.all(threads.map((thread) => thread.end(reason)));
  }
}

/** One thread and the jobs that are with it. */
class SigningThread {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #lastNumber = 0;

  constructor({ onFree, onEnd }: { readonly onFree: () => void; readonly onEnd: () => void }) {
    this.#worker = new Worker(threadFile(), { env: {}, execArgv: [], resourceLimits: HEAP_LIMITS });
    // The daemon ends when its work is done, whatever threads there are.
    this.#worker.unref();
    this.#worker.on('message', ({ number, outcomes }: JobAnswer) => {
      this.#pending.get(number)?.resolve(outcomes);
      this.#pending.delete(number);
      onFree();
    });
    this.#worker.on('error', (cause) =>
      this.#fail(new SpirekitError('internal', 'a signing thread failed', { cause })),
    );
    this.#worker.on('exit', () => {
      this.#fail(new SpirekitError('internal', 'a signing thread ended'));
      onEnd();
    });
  }

  /** Jobs that are with it. */
  get load(): number {
    return this.#pending.size;
  }

  begin(pending: Pending): void {
    this.#lastNumber += 1;
    this.#pending.set(this.#lastNumber, pending);
    this.#worker.postMessage({ number: this.#lastNumber, ...pending.job } satisfies NumberedJob);
  }

  async end(reason: SpirekitError): Promise<void> {
    this.#fail(reason);
    await this.#worker.terminate();
  }

  #fail(error: SpirekitError): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(error);
  }
}

/** Beside this file, bundled or not. */
function threadFile(): string {
  const bundled = join(import.meta.dirname, 'signing-thread.cjs');
  return existsSync(bundled) ? bundled : join(import.meta.dirname, 'signing-thread.ts');
}

function stopping(): SpirekitError {
  return new SpirekitError('unavailable', 'the server is stopping');
}
