import { type ChildProcess, spawn } from 'node:child_process';
import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { ConfigError } from '../../config/config-error.ts';
import { openVerifiedProgram } from '../../config/plugin-check/external-program.ts';
import type { CancelTimer, Clock } from '../../runtime/clock.ts';
import { ioReason } from '../../runtime/io-reason.ts';
import type { Logger } from '../../runtime/logger.ts';
import { BoundedLines } from './bounded-lines.ts';
import { MAX_HANDSHAKE_BYTES, type PluginAddress, parseHandshakeLine } from './handshake-line.ts';
import { OrphanGuard } from './orphan-guard.ts';
import { PluginLog } from './plugin-log.ts';

/** A program to be started as a plugin. */
export interface PluginProgram {
  readonly name: string;
  /** Such as `NodeAttestor`; also the magic cookie, by which a plugin knows that it is one. */
  readonly type: string;
  /** Absolute. */
  readonly path: string;
  readonly args: readonly string[];
  /** SHA-256 in hexadecimal; undefined: anything is started. */
  readonly checksum: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Private to the plugin and the daemon, for their sockets. */
  readonly folder: string;
}

/** What starting a program takes. */
export interface PluginProcessDeps {
  /** Its lines name the plugin. */
  readonly log: Logger;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
}

/** How long a plugin may take to its handshake, as in go-plugin. */
export const START_TIMEOUT_MS = 60_000;

/** How long the last words of a plugin that has ended are waited for. */
const PIPES_TIMEOUT_MS = 1_000;

/** What of a plugin's last words goes into the reason why it did not start. */
const LAST_WORDS_LENGTH = 300;

/** The number that the opened file has in the plugin: the first behind the standard streams. */
const VERIFIED_FD = 3;

/** One run of a plugin's program, in a process group of its own. */
export class PluginProcess implements AsyncDisposable {
  readonly address: PluginAddress;
  /** Resolves with the words of how it has ended: `exit status 2`, `signal: SIGKILL`. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  readonly #log: Logger;

  private constructor(child: ChildProcess, address: PluginAddress, ended: Promise<string>, log: Logger) {
    this.#child = child;
    this.address = address;
    this.ended = ended;
    this.#log = log;
  }

  /**
   * Starts the program and waits for its handshake. What it says on standard error goes to the log.
   *
   * @throws {ConfigError} `invalid-config`, in the words of SPIRE and go-plugin, if it cannot be started or is no plugin
   */
  static async start(program: PluginProgram, deps: PluginProcessDeps): Promise<PluginProcess> {
    const { log } = deps;
    const { path, checksum } = program;
    const verified = checksum === undefined ? undefined : await openVerifiedProgram(path, checksum, deps.signal);
    try {
      deps.signal?.throwIfAborted();
      log.debug('starting plugin', { path });
      const child = await launch(program, verified);
      const lines = new PluginLog(log, program.name, path);
      const ended = watch(child, program, lines, deps);
      try {
        log.debug('waiting for RPC address', { plugin: path, id: child.pid });
        const line = await waitForHandshake(child, ended, lines, deps);
        return new PluginProcess(child, parseHandshakeLine(line), ended, log);
      } catch (error) {
        if (isRunning(child)) killGroup(child);
        await ended;
        throw error;
      }
    } finally {
      await verified?.close();
    }
  }

  /** Whether it still runs. */
  get isRunning(): boolean {
    return isRunning(this.#child);
  }

  /** Ends it and all that it has started, hard. Resolves when it has ended. */
  async kill(): Promise<void> {
    if (this.isRunning) this.#log.warn('plugin failed to exit gracefully');
    await this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isRunning) killGroup(this.#child);
    await this.ended;
  }
}

/** The environment by which a program knows that it is started as a plugin, as go-plugin makes it. */
function pluginEnvironment({ type, env, folder }: PluginProgram): NodeJS.ProcessEnv {
  return {
    ...env,
    [type]: type,
    PLUGIN_MIN_PORT: '10000',
    PLUGIN_MAX_PORT: '25000',
    PLUGIN_PROTOCOL_VERSIONS: '1',
    // Plugins of a newer go-plugin put their sockets there, so that those go with them.
    PLUGIN_UNIX_SOCKET_DIR: folder,
  };
}

function launch(program: PluginProgram, verified: FileHandle | undefined): Promise<ChildProcess> {
  const { path, args } = program;
  return new Promise((resolve, reject) => {
    const child = spawn(verified === undefined ? path : `/proc/self/fd/${VERIFIED_FD}`, args, {
      argv0: path,
      env: pluginEnvironment(program),
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', ...(verified === undefined ? [] : [verified.fd])],
    });
    child.once('spawn', () => resolve(child));
    child.once('error', (cause) =>
      reject(new ConfigError(`failed to launch plugin: fork/exec ${path}: ${ioReason(cause)}`, { cause })),
    );
  });
}

/** Reads standard error to its end, and resolves when the process has ended and its group with it. */
function watch(
  child: ChildProcess,
  { path, folder }: PluginProgram,
  lines: PluginLog,
  { clock, log }: PluginProcessDeps,
): Promise<string> {
  const { pid } = child;
  const guard = pid === undefined ? undefined : new OrphanGuard(pid, folder);
  child.stderr?.on('data', (chunk: Uint8Array) => lines.push(chunk));
  let cancel: CancelTimer = () => {};
  return new Promise((resolve) => {
    child.once('exit', () => {
      killGroup(child);
      guard?.[Symbol.dispose]();
      // What it has started in another group may keep its pipes open for ever.
      cancel = clock.schedule(PIPES_TIMEOUT_MS, () => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      });
    });
    child.once('close', (code, signal) => {
      cancel();
      lines.end();
      const how = signal === null ? `exit status ${code ?? 0}` : `signal: ${signal}`;
      const fields = { plugin: path, id: pid };
      if (code === 0) log.info('plugin process exited', fields);
      else log.error('plugin process exited', { ...fields, error: how });
      resolve(how);
    });
  });
}

async function waitForHandshake(
  child: ChildProcess,
  ended: Promise<string>,
  lines: PluginLog,
  { clock, signal }: PluginProcessDeps,
): Promise<string> {
  const { stdout } = child;
  if (stdout === null) throw new ConfigError('the plugin has no standard output');
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void): void => {
      cancel();
      signal?.removeEventListener('abort', onAbort);
      finish();
    };
    const fail = (reason: string): void => settle(() => reject(new ConfigError(`failed to launch plugin: ${reason}`)));
    const onAbort = (): void => settle(() => reject(signal?.reason));
    const cancel = clock.schedule(START_TIMEOUT_MS, () =>
      fail(
        `timeout while waiting for plugin to start: no handshake on its standard output within ${START_TIMEOUT_MS / 1000} s`,
      ),
    );
    signal?.addEventListener('abort', onAbort, { once: true });
    readFirstLine(stdout, (line) => settle(() => resolve(line)));
    void ended.then((how) => {
      const words = lines.lastLine === '' ? '' : `; its last words: ${lines.lastLine.slice(0, LAST_WORDS_LENGTH)}`;
      fail(`plugin exited before we could connect (${how})${words}`);
    });
  });
}

/** What comes after it is read too, and dropped: a plugin must not come to a halt since nobody reads. */
function readFirstLine(stdout: Readable, onLine: (line: string) => void): void {
  let isFirst = true;
  const lines = new BoundedLines(MAX_HANDSHAKE_BYTES, (line) => {
    if (isFirst) onLine(line);
    isFirst = false;
  });
  stdout.on('data', (chunk: Uint8Array) => {
    if (isFirst) lines.push(chunk);
  });
}

/** The group lives as long as one of its processes does. */
function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // None of them is left.
  }
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}
