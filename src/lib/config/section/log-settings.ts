/** How the daemon logs, as its configuration says. */
export interface LogSettings {
  /** Lower-case level name; `warn` and `warning` are both read, `warning` is kept. Default `info`. */
  readonly logLevel: LogLevelName;
  /** `text` unless the configuration asks for JSON. */
  readonly logFormat: 'text' | 'json';
  /** File that log lines go to; undefined means standard output. As configured, not made absolute. */
  readonly logFile: string | undefined;
  /** Whether file, line and function of the caller belong in each line. */
  readonly logSourceLocation: boolean;
}

/** The levels that logrus knows, as SPIRE prints them. */
export type LogLevelName = 'panic' | 'fatal' | 'error' | 'warning' | 'info' | 'debug' | 'trace';
