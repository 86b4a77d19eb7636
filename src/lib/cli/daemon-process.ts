import type { LogSettings } from '../config/section/log-settings.ts';
import type { Clock } from '../runtime/clock.ts';
import { fileOutput, streamOutput } from '../runtime/log-output.ts';
import { DaemonLogger } from '../runtime/logger.ts';

/** Nobody else may read what a daemon writes, its group may not write it. */
const LEAST_UMASK = 0o027;

/**
 * From now on SIGUSR1 does nothing. By default it makes Node open a debugger on a port that every local user can reach,
 * and through it the keys of the daemon.
 */
export function refuseDebugger(): void {
  process.on('SIGUSR1', () => {});
}

/** Opens the log that a configuration describes; to standard output unless it names a file. Error: `io-error`. */
export function openDaemonLog(settings: LogSettings, clock: Clock): DaemonLogger {
  const output = settings.logFile === undefined ? streamOutput(process.stdout) : fileOutput(settings.logFile);
  return new DaemonLogger({ output, clock, level: settings.logLevel, format: settings.logFormat });
}

/** Goes on in a fresh log file at each SIGUSR2, until disposed. */
export function reopenOnSignal(log: DaemonLogger): Disposable {
  const reopen = (): void => {
    try {
      log.reopen();
    } catch (error) {
      log.error('Unable to reopen the log file', { error });
    }
  };
  process.on('SIGUSR2', reopen);
  return { [Symbol.dispose]: () => void process.off('SIGUSR2', reopen) };
}

/** Narrows the umask of the process to what a daemon needs, and says so as SPIRE does. */
export function narrowUmask(log: DaemonLogger): void {
  const before = process.umask(LEAST_UMASK);
  const umask = before | LEAST_UMASK;
  process.umask(umask);
  if (umask === before) return;
  const octal = (mask: number): string => `0${mask.toString(8).padStart(3, '0')}`;
  log.warn(`Current umask ${octal(before)} is too permissive; setting umask ${octal(umask)}`);
}
