import type { LogFormat } from '../../runtime/log-format.ts';
import type { LogLevel } from '../../runtime/log-level.ts';

/** How the daemon logs, as its configuration says. */
export interface LogSettings {
  /** `warn` and `warning` are both read, `warning` is kept. Default `info`. */
  readonly logLevel: LogLevel;
  /** `default` unless the configuration names a format. */
  readonly logFormat: LogFormat;
  /** File that log lines go to; undefined means standard output. As configured, not made absolute. */
  readonly logFile: string | undefined;
  /** Whether file, line and function of the caller belong in each line. */
  readonly logSourceLocation: boolean;
}
