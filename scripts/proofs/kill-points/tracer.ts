import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseTrace, TRACED_CALLS, type TracedCall } from './traced-call.ts';

/** Which thread of a Node process: the one that runs JavaScript, or the (one) worker that does its file work. */
export type ThreadRole = 'main' | 'pool';

/** The name of a worker of libuv's pool, from Node 24 on. */
const POOL_THREAD = 'libuv-worker';

/** Has one worker do all file work, one piece after the other, so that its calls can be counted. */
export const ONE_POOL_THREAD = { UV_THREADPOOL_SIZE: '1', UV_USE_IO_URING: '0' };

/** Kill at the entry of the call with this name that is the so many-th of its thread. Counting starts at 1. */
export interface KillPoint {
  readonly name: string;
  readonly when: number;
}

/** strace on one thread of a running process, which kills the process when told to. */
export class Tracer implements AsyncDisposable {
  readonly #strace: ChildProcess;
  readonly #folder: string;
  readonly #threadName: string;
  readonly #ended: Promise<unknown>;

  private constructor(strace: ChildProcess, folder: string, threadName: string) {
    this.#strace = strace;
    this.#folder = folder;
    this.#threadName = threadName;
    this.#ended = new Promise((resolve) => strace.once('close', resolve));
  }

  /** Resolves when the thread is traced: calls that it makes later count. */
  static async attach(pid: number, thread: ThreadRole, kill?: KillPoint): Promise<Tracer> {
    const folder = mkdtempSync(join(tmpdir(), 'spirekit-strace-'));
    const { which, threadName } = findThread(pid, thread);
    const inject = kill === undefined ? [] : ['-e', `inject=${kill.name}:signal=KILL:when=${kill.when}`];
    const strace = spawn(
      'strace',
      [...which, '-yy', '-s', '0', '-o', join(folder, 'trace'), '-e', `trace=${TRACED_CALLS.join(',')}`, ...inject],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const tracer = new Tracer(strace, folder, threadName);
    try {
      await tracer.#attached();
    } catch (error) {
      await tracer[Symbol.asyncDispose]();
      throw error;
    }
    return tracer;
  }

  /** The calls of the thread; to be asked for when the process has ended. */
  async calls(): Promise<TracedCall[]> {
    await this.#ended;
    return parseTrace(readFileSync(join(this.#folder, 'trace'), 'utf8'), this.#threadName);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#strace.kill('SIGTERM');
    await this.#ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #attached(): Promise<void> {
    return new Promise((resolve, reject) => {
      let said = '';
      this.#strace.once('error', reject);
      this.#strace.once('close', () => reject(new Error(`strace ended: ${said}`)));
      this.#strace.stderr?.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (/^strace: Process \d+ attached/m.test(said)) resolve();
      });
    });
  }
}

/**
 * The arguments that name the thread. A pool that has no thread yet gets one later: then all threads are followed, and
 * told apart by their names.
 */
function findThread(pid: number, thread: ThreadRole): { which: readonly string[]; threadName: string } {
  if (thread === 'main') return { which: ['-p', String(pid)], threadName: '' };
  const threads = readdirSync(`/proc/${pid}/task`);
  const pool = threads.filter((id) => readFileSync(`/proc/${pid}/task/${id}/comm`, 'utf8').trim() === POOL_THREAD);
  if (pool.length > 1) throw new Error(`process ${pid} has ${pool.length} threads in its pool, not one`);
  const [id] = pool;
  if (id !== undefined) return { which: ['-p', id], threadName: '' };
  return { which: ['-f', '-Y', '-p', String(pid)], threadName: POOL_THREAD };
}
