import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';

/** Where Node's debugger listens unless told otherwise. */
const DEFAULT_PORT = 9229;

/** Between two signals, in milliseconds. */
const INTERVAL_MS = 5;

/** What a storm did, and what came of it. */
export interface StormOutcome {
  readonly signals: number;
  readonly probes: number;
  /** A debugger of this process was there. */
  readonly isOpen: boolean;
}

/** A program to be started in a storm. */
export interface StormTarget {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/**
 * Starts a program and sends it SIGUSR1 every 5 ms from its own first instruction until it has ended, while connecting to
 * the debugger's ports all the time. Before that first instruction the system ends any program by that signal.
 */
export async function runInStorm(
  target: StormTarget,
  options: {
    /** A further port on which a debugger could be. */
    readonly port?: number;
    /** For programs that do not end by themselves: SIGTERM follows when this matches what they print. */
    readonly endAfter?: RegExp;
  } = {},
): Promise<StormOutcome & { readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const { program, args, env, cwd } = target;
  const child = spawn(program, args, { env: env ?? process.env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (options.endAfter?.test(stdout) === true) child.kill('SIGTERM');
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const outcome = await storm(child, { until: ended, ...options });
  const code = await ended;
  return { ...outcome, isOpen: outcome.isOpen || stderr.includes('Debugger listening on'), code, stdout, stderr };
}

/** The same for a process that was just started; ends when the promise settles or the process has ended. */
export async function storm(
  process_: Pick<ChildProcess, 'pid'>,
  options: { readonly until: Promise<unknown>; readonly port?: number },
): Promise<StormOutcome> {
  const { pid } = process_;
  if (pid === undefined) throw new Error('the program did not start');
  let isOver = false;
  const over = options.until.then(
    () => true,
    () => true,
  );
  void over.then(() => {
    isOver = true;
  });
  while (!isOver && !isShieldedFromSigusr1(pid)) await new Promise((resolve) => setImmediate(resolve));
  let signals = 0;
  const send = (): void => {
    try {
      if (!isOver && process.kill(pid, 'SIGUSR1')) signals += 1;
    } catch {
      // It has ended.
    }
  };
  send();
  const signalling = setInterval(send, INTERVAL_MS);
  let probes = 0;
  let isOpen = false;
  while (!isOver) {
    probes += 1;
    // Other programs of this machine may have a debugger on the usual port; on a port of our own it can only be this one.
    isOpen ||= (await askDebugger(DEFAULT_PORT))?.includes(`[${pid}]`) === true;
    if (options.port !== undefined) isOpen ||= (await askDebugger(options.port)) !== undefined;
    await Promise.race([over, new Promise((resolve) => setTimeout(resolve, 1))]);
  }
  clearInterval(signalling);
  return { signals, probes, isOpen };
}

const SIGUSR1_BIT = 1n << 9n;

/** Whether SIGUSR1 no longer ends the process: it is ignored, blocked or handled (proc_pid_status(5)). */
function isShieldedFromSigusr1(pid: number): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return [...status.matchAll(/^Sig(?:Blk|Ign|Cgt):\s*([\da-f]+)$/gm)].some(
      (match) => (BigInt(`0x${match[1]}`) & SIGUSR1_BIT) !== 0n,
    );
  } catch {
    return false;
  }
}

/** What a debugger at a port of this machine says of its targets; undefined if nobody listens there. */
export function askDebugger(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    let answer: string | undefined;
    const socket = connect({ host: '127.0.0.1', port });
    socket.setTimeout(1000, () => socket.destroy());
    socket.setEncoding('utf8');
    socket.on('connect', () => {
      answer = '';
      socket.end('GET /json/list HTTP/1.0\r\nHost: localhost\r\n\r\n');
    });
    socket.on('data', (text: string) => {
      answer += text;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
  });
}
