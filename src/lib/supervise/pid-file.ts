import { closeSync, constants, fstatSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { parseStartTime } from '../rpc/process-watch.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { ioReason } from '../runtime/io-reason.ts';

/** A pid file holds a number, and that of PostgreSQL some short lines below it. */
const MAX_BYTES = 4096;

/** A process is there before its pid file is; clocks of file systems are coarser than that of the kernel. */
const SLACK_MS = 2000;

/**
 * The process that a pid file names. Since pids are given out again, one that started after the file was written, or that
 * is not the one found there the last time while the file has stayed as it was, is not told anything. Neither is a process
 * of another user; root must not be led to one by a file of a third.
 */
export class PidFile {
  readonly path: string;
  #last: { readonly pid: number; readonly startTicks: string; readonly mtimeMs: number } | undefined;

  constructor(path: string) {
    this.path = path;
  }

  /**
   * Reads the file anew and sends the signal. Returns the pid.
   *
   * @throws SpirekitError `io-error` if the file cannot be read, `invalid-argument` if it holds no pid, `not-found` if there
   *   is no such process or it is another one by now, `permission-denied` for a process of another user
   */
  send(signal: NodeJS.Signals): number {
    const { pid, uid, mtimeMs } = this.#look();
    const { startTicks, startMs, ownerUid } = lookAtProcess(pid, this.path);
    const last = this.#last;
    const isReplaced = last !== undefined && last.pid === pid && last.mtimeMs === mtimeMs;
    if (isReplaced ? last.startTicks !== startTicks : startMs > mtimeMs + SLACK_MS) {
      throw new SpirekitError(
        'not-found',
        `process ${pid} started after ${this.path} was written: the pid has been given to another process`,
      );
    }
    const own = process.geteuid?.() ?? 0;
    if (own !== 0 && ownerUid !== own) {
      throw new SpirekitError('permission-denied', `process ${pid} of ${this.path} belongs to user ${ownerUid}`);
    }
    if (own === 0 && uid !== 0 && uid !== ownerUid) {
      throw new SpirekitError(
        'permission-denied',
        `${this.path} belongs to user ${uid}, and process ${pid} to user ${ownerUid}`,
      );
    }
    try {
      process.kill(pid, signal);
    } catch (cause) {
      throw new SpirekitError('not-found', `signal process ${pid} of ${this.path}: ${ioReason(cause)}`, { cause });
    }
    this.#last = { pid, startTicks, mtimeMs };
    return pid;
  }

  #look(): { pid: number; uid: number; mtimeMs: number } {
    let fd: number;
    try {
      fd = openSync(this.path, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (cause) {
      throw new SpirekitError('io-error', `open ${this.path}: ${ioReason(cause)}`, { cause });
    }
    try {
      const found = fstatSync(fd);
      if (!found.isFile()) throw new SpirekitError('invalid-argument', `${this.path} is not a file`);
      const bytes = Buffer.alloc(MAX_BYTES);
      const text = bytes.toString('latin1', 0, readSync(fd, bytes));
      const pid = parsePid(text);
      if (pid === undefined) throw new SpirekitError('invalid-argument', `${this.path} does not begin with a pid`);
      return { pid, uid: found.uid, mtimeMs: found.mtimeMs };
    } finally {
      closeSync(fd);
    }
  }
}

/** The pid on the first line of a pid file; undefined if there is none. Never 0 or a negative one, which name many. */
export function parsePid(text: string): number | undefined {
  const digits = /^[ \t]*([1-9][0-9]{0,9})[ \t\r]*(?:\n|$)/.exec(text)?.[1];
  const pid = Number(digits);
  return digits !== undefined && pid <= 2 ** 31 - 1 ? pid : undefined;
}

function lookAtProcess(pid: number, path: string): { startTicks: string; startMs: number; ownerUid: number } {
  try {
    const startTicks = parseStartTime(readFileSync(`/proc/${pid}/stat`, 'latin1'));
    const bootMs = bootTimeMs();
    if (startTicks !== undefined && bootMs !== undefined) {
      return {
        startTicks,
        startMs: bootMs + Number(startTicks) * MS_PER_TICK,
        ownerUid: statSync(`/proc/${pid}`).uid,
      };
    }
  } catch {
    // As below.
  }
  throw new SpirekitError('not-found', `there is no process ${pid}, which ${path} names`);
}

/** `USER_HZ`, the unit of times in /proc: 100 on every architecture of Linux that Node runs on. */
const MS_PER_TICK = 10;

/** When the kernel started, by the wall clock as it is set now. */
function bootTimeMs(): number | undefined {
  const seconds = /^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}
