import { url as debuggerUrl } from 'node:inspector';
import type { DaemonConfig } from '../config/section/daemon-config.ts';
import type { LogSettings } from '../config/section/log-settings.ts';
import type { Clock } from '../runtime/clock.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { fileOutput, streamOutput } from '../runtime/log-output.ts';
import { DaemonLogger } from '../runtime/logger.ts';
import { forbidCoreFiles, forbidMemoryDumps, silenceReports } from '../runtime/memory-dumps.ts';
import { unblockUserSignal } from '../runtime/signal-mask.ts';
import type { CommandContext, Environment } from './command-context.ts';
import { tellingNotices } from './config-remarks.ts';
import { findPutAside, outerEnvironment } from './outer-environment.ts';
import { readPackageInfo } from './package-info.ts';
import { findLinkerVariables, refuseAlteredNode } from './started-node.ts';
import { endOnUncaughtError } from './uncaught-errors.ts';

/** What the process gives to a daemon. */
export interface DaemonEnvironment {
  readonly clock: Clock;
  readonly log: DaemonLogger;
  /** Of this package, with its name: `spirekit-0.1.0`. */
  readonly version: string;
  /** Aborts when the daemon is to stop. */
  readonly signal: AbortSignal;
  /** For programs of others that the daemon starts. */
  readonly env: Environment;
  /** Calls the listener at each SIGUSR1, until disposed. */
  readonly onReconfigure: (listener: () => void) => Disposable;
}

/** A program that runs until it is told to stop. */
export interface Daemon<C extends DaemonConfig> {
  readonly load: () => Promise<C>;
  /** Resolves when the daemon has stopped, and rejects when it cannot go on. */
  readonly run: (config: C, environment: DaemonEnvironment) => Promise<void>;
  /** The last log lines, in SPIRE's words. */
  readonly lastWords: { readonly stopped: string; readonly crashed: readonly string[] };
}

/**
 * Runs a daemon in this process until SIGINT or SIGTERM: closes the process to others, reads its configuration, opens its
 * log. Resolves with the exit code; rejects when the configuration or the log cannot be used, and with
 * `failed-precondition` in a Node that was told to do what a daemon must not.
 */
export async function runDaemon<C extends DaemonConfig>(
  daemon: Daemon<C>,
  context: Pick<CommandContext, 'io' | 'env' | 'clock' | 'signal' | 'abortOn' | 'exitCode'>,
): Promise<number> {
  const { clock, signal, env } = context;
  const umask = narrowUmask();
  refuseDebugger();
  refuseAlteredNode({ env, execArgv: process.execArgv });
  silenceReports();
  const isClosed = (await forbidMemoryDumps()) && (await forbidCoreFiles());
  // Node takes a turn of its event loop to open one that was asked for.
  requireNoDebugger();
  await unblockUserSignal();
  const config = await tellingNotices(daemon.load(), context);
  using log = openDaemonLog(config, clock);
  for (const { level, message, fields } of config.notices) log.log(level, message, fields);
  if (config.notYetEffective.length > 0) {
    log.warn('Some configured keys have no effect yet', { keys: config.notYetEffective.join(',') });
  }
  tellUmask(umask, log);
  tellSurroundings(env, isClosed, log);
  using _ending = endOnUncaughtError(log, daemon.lastWords.crashed);
  context.abortOn('SIGINT', 'SIGTERM');
  using _reopening = reopenOnSignal(log);
  try {
    await daemon.run(config, {
      clock,
      log,
      version: `spirekit-${readPackageInfo().version}`,
      signal,
      env: outerEnvironment(env),
      onReconfigure: (listener) => onSignal('SIGUSR1', listener),
    });
  } catch (error) {
    // When it was told to stop while starting up, that is why it failed.
    if (!signal.aborted) {
      for (const words of daemon.lastWords.crashed) log.error(words, { error });
      return context.exitCode(SpirekitError.from(error).code);
    }
  }
  log.info(daemon.lastWords.stopped);
  return 0;
}

/** Nobody else may read what a daemon writes, its group may not write it. */
const LEAST_UMASK = 0o027;

/**
 * From now on SIGUSR1 does nothing but what the daemon asks for. By default it makes Node open a debugger on a port that
 * every local user can reach, and through it the keys of the daemon.
 */
function refuseDebugger(): void {
  process.on('SIGUSR1', () => {});
}

/** Throws `failed-precondition` if a debugger was opened before: who is connected by now can change anything in here. */
function requireNoDebugger(): void {
  if (debuggerUrl() === undefined) return;
  throw new SpirekitError(
    'failed-precondition',
    'a debugger was open while the daemon started: start it by its launcher in bin/, which leaves it no place to listen',
  );
}

/** Opens the log that a configuration describes; to standard output unless it names a file. Error: `io-error`. */
function openDaemonLog(settings: LogSettings, clock: Clock): DaemonLogger {
  const output = settings.logFile === undefined ? streamOutput(process.stdout) : fileOutput(settings.logFile);
  return new DaemonLogger({ output, clock, level: settings.logLevel, format: settings.logFormat });
}

/** Goes on in a fresh log file at each SIGUSR2, until disposed. */
function reopenOnSignal(log: DaemonLogger): Disposable {
  const reopen = (): void => {
    try {
      log.reopen();
    } catch (error) {
      log.error('Unable to reopen the log file', { error });
    }
  };
  return onSignal('SIGUSR2', reopen);
}

function onSignal(name: NodeJS.Signals, listener: () => void): Disposable {
  process.on(name, listener);
  return { [Symbol.dispose]: () => void process.off(name, listener) };
}

/** Narrows the umask of the process to what a daemon needs. */
function narrowUmask(): { readonly before: number; readonly now: number } {
  const before = process.umask(0o777);
  const now = before | LEAST_UMASK;
  process.umask(now);
  return { before, now };
}

/** Says that the umask was narrowed, as SPIRE does. */
function tellUmask({ before, now }: ReturnType<typeof narrowUmask>, log: DaemonLogger): void {
  if (now === before) return;
  const octal = (mask: number): string => `0${mask.toString(8).padStart(3, '0')}`;
  log.warn(`Current umask ${octal(before)} is too permissive; setting umask ${octal(now)}`);
}

/** Says what an operator may not know of the process that the daemon runs in. */
function tellSurroundings(env: Environment, isClosed: boolean, log: DaemonLogger): void {
  const ignored = findPutAside(env);
  if (ignored.length > 0) log.warn('Variables for Node are ignored', { variables: ignored.join(',') });
  const linker = findLinkerVariables(env);
  if (linker.length > 0) {
    log.warn('Libraries from elsewhere may be loaded into this process', { variables: linker.join(',') });
  }
  if (!isClosed) log.warn('The memory of this process, with its keys, may be dumped when it crashes');
}
