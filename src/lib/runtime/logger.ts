import type { Clock } from './clock.ts';
import type { LogFields } from './log-fields.ts';
import { formatLogEntry, type LogFormat } from './log-format.ts';
import { isLevelEnabled, type LogLevel } from './log-level.ts';
import type { LogOutput } from './log-output.ts';

export type { LogFields } from './log-fields.ts';

/** Where a component reports what it does. Never hand it a private key, a token or a selector. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger whose lines all carry these fields too. */
  with(fields: LogFields): Logger;
}

/** A logger that drops everything. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  with: () => silentLogger,
};

export interface DaemonLoggerOptions {
  /** Closed with the logger. See `streamOutput` and `fileOutput`. */
  readonly output: LogOutput;
  readonly clock: Pick<Clock, 'nowMs'>;
  /** Default `info`. */
  readonly level?: LogLevel;
  /** Default `default`. */
  readonly format?: LogFormat;
}

/** The log of a daemon, line by line as SPIRE's. Its level can change while it runs. */
export class DaemonLogger implements Logger, Disposable {
  /** The level of the configuration, to which {@link resetLevel} goes back. */
  readonly launchLevel: LogLevel;
  /** Lines above this level are dropped; loggers made by {@link with} follow. */
  level: LogLevel;
  readonly #options: DaemonLoggerOptions;

  constructor(options: DaemonLoggerOptions) {
    this.#options = options;
    this.launchLevel = options.level ?? 'info';
    this.level = this.launchLevel;
  }

  resetLevel(): void {
    this.level = this.launchLevel;
  }

  /** Goes on in a fresh log file, for log rotation. Error: `io-error`; the old file is then kept. */
  reopen(): void {
    this.#options.output.reopen();
  }

  debug(message: string, fields: LogFields = {}): void {
    this.log('debug', message, fields);
  }

  info(message: string, fields: LogFields = {}): void {
    this.log('info', message, fields);
  }

  warn(message: string, fields: LogFields = {}): void {
    this.log('warning', message, fields);
  }

  error(message: string, fields: LogFields = {}): void {
    this.log('error', message, fields);
  }

  /** Writes a line of any level, also `trace`, `fatal` and `panic`; unlike SPIRE's it never ends the process. */
  log(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (!isLevelEnabled(this.level, level)) return;
    const { output, clock, format = 'default' } = this.#options;
    output.write(formatLogEntry(format, { timeMs: clock.nowMs(), level, message, fields }));
  }

  with(fields: LogFields): Logger {
    return new FieldLogger(this, fields);
  }

  [Symbol.dispose](): void {
    this.#options.output[Symbol.dispose]();
  }
}

class FieldLogger implements Logger {
  readonly #base: Logger;
  readonly #fields: LogFields;

  constructor(base: Logger, fields: LogFields) {
    this.#base = base;
    this.#fields = fields;
  }

  debug(message: string, fields?: LogFields): void {
    this.#base.debug(message, { ...this.#fields, ...fields });
  }

  info(message: string, fields?: LogFields): void {
    this.#base.info(message, { ...this.#fields, ...fields });
  }

  warn(message: string, fields?: LogFields): void {
    this.#base.warn(message, { ...this.#fields, ...fields });
  }

  error(message: string, fields?: LogFields): void {
    this.#base.error(message, { ...this.#fields, ...fields });
  }

  with(fields: LogFields): Logger {
    return new FieldLogger(this.#base, { ...this.#fields, ...fields });
  }
}
