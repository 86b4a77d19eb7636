import type { Certificate } from '../../crypto/certificate.ts';
import { isLocalSigner, type LocalSigner, type Signer } from '../../crypto/signer.ts';
import type { Clock } from '../../runtime/clock.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import { type CsrTask, issueForCsr } from './csr-task.ts';
import { SigningThreads } from './signing-threads.ts';

/** From so many CSRs at once on they go to threads: two milliseconds of the event loop's time. */
const WORTH_A_THREAD = 16;
/** CSRs in one message to a thread: enough to make up for the message, few enough that others get their turn. */
const TASKS_A_JOB = 25;
/** CSRs that are begun in one turn of the event loop: about a millisecond. */
const TASKS_A_TURN = 8;
/** Signatures that are waited for at the same time when a key is not in this process, or slow. */
const MOST_UNDER_WAY = 64;

/** A task with its key and whoever waits for it. */
interface Queued {
  readonly task: CsrTask;
  readonly signer: Signer;
  readonly resolve: (der: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Makes X509-SVIDs for CSRs without holding up the event loop, whoever sends them and however many at once: few are
 * signed between other events, many by threads. Keys that are elsewhere sign from here, so many at a time.
 */
export class CsrQueue implements AsyncDisposable {
  readonly #threads: SigningThreads;
  readonly #queue: Queued[] = [];
  readonly #underWay = new Set<Promise<void>>();
  #isScheduled = false;

  constructor(clock: Pick<Clock, 'schedule'>, threads: SigningThreads = new SigningThreads(clock)) {
    this.#threads = threads;
  }

  /**
   * Resolves with the certificate in DER.
   *
   * Errors: `invalid-csr`; `invalid-certificate`, what the signer throws and `internal` if the certificate cannot be made.
   */
  issue(task: CsrTask, signer: Signer): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ task, signer, resolve, reject });
      this.#schedule();
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#threads[Symbol.asyncDispose]();
  }

  /** Looks at the queue once a turn of the event loop, so that whatever came in one turn is seen together. */
  #schedule(): void {
    if (this.#isScheduled || this.#queue.length === 0) return;
    this.#isScheduled = true;
    setImmediate(() => void this.#takeTurn());
  }

  async #takeTurn(): Promise<void> {
    const isMuch = this.#queue.length >= WORTH_A_THREAD;
    while (isMuch && this.#postJob()) {
      // As many jobs as there are.
    }
    for (const queued of this.#queue.splice(0, TASKS_A_TURN)) this.#begin(queued);
    if (this.#underWay.size >= MOST_UNDER_WAY) await Promise.race(this.#underWay);
    this.#isScheduled = false;
    this.#schedule();
  }

  /** Sends the first tasks in the queue that share a local key to a thread; false if there are none. */
  #postJob(): boolean {
    const signer = this.#queue[0]?.signer;
    if (signer === undefined || !isLocalSigner(signer)) return false;
    const other = this.#queue.findIndex((queued) => queued.signer !== signer);
    const count = Math.min(TASKS_A_JOB, other < 0 ? this.#queue.length : other);
    void this.#runJob(this.#queue.splice(0, count), signer);
    return true;
  }

  async #runJob(job: readonly Queued[], { privateKey }: LocalSigner): Promise<void> {
    try {
      const outcomes = await this.#threads.run({ privateKey, tasks: job.map(({ task }) => compact(task)) });
      for (const [index, { resolve, reject }] of job.entries()) {
        const outcome = outcomes[index];
        if (outcome?.kind === 'issued') resolve(outcome.der);
        else reject(new SpirekitError(outcome?.code ?? 'internal', outcome?.message ?? 'no answer to a signing task'));
      }
    } catch {
      // No thread, no matter: it only keeps this one busier.
      for (const queued of job) this.#begin(queued);
    }
  }

  #begin({ task, signer, resolve, reject }: Queued): void {
    const work = issueForCsr(task, signer).then(({ der }: Certificate) => resolve(der), reject);
    this.#underWay.add(work);
    void work.finally(() => this.#underWay.delete(work));
  }
}

/** With bytes of its own: a view takes all the memory that it looks at to the thread. */
function compact(task: CsrTask): CsrTask {
  const { csr, subject, issuer, authorityKeyId } = task;
  return {
    ...task,
    csr: new Uint8Array(csr),
    subject: { der: new Uint8Array(subject.der), isEmpty: subject.isEmpty },
    issuer: { der: new Uint8Array(issuer.der), isEmpty: issuer.isEmpty },
    authorityKeyId: authorityKeyId && new Uint8Array(authorityKeyId),
  };
}
