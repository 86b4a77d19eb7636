import { SpirekitError } from '../runtime/errors.ts';
import type { ConfigNotice } from './config-notice.ts';
import type { LogSettings } from './section/log-settings.ts';

/** A place in a configuration file, both numbers counted from 1; the column counts characters. */
export interface ConfigPosition {
  readonly line: number;
  readonly column: number;
}

/** What a {@link ConfigError} may know beside its message. */
export interface ConfigErrorDetails {
  readonly file?: string | undefined;
  readonly position?: ConfigPosition | undefined;
  readonly notices?: readonly ConfigNotice[] | undefined;
  readonly logSettings?: LogSettings | undefined;
  readonly cause?: unknown;
}

/**
 * A configuration that cannot be used. Code `invalid-config`. The message is SPIRE's where SPIRE has one, and never
 * holds a secret.
 */
export class ConfigError extends SpirekitError {
  override readonly name = 'ConfigError';
  /** Path of the file as it was given; undefined for errors in flags and for text that is in no file. */
  readonly file: string | undefined;
  /** Where in the file; undefined when the error is about a value after decoding. */
  readonly position: ConfigPosition | undefined;
  /** What was found before the error and belongs in the log, such as the names of unknown keys. */
  readonly notices: readonly ConfigNotice[];
  /** How to log {@link notices}; undefined when the error came before the settings were known. */
  readonly logSettings: LogSettings | undefined;

  constructor(message: string, details: ConfigErrorDetails = {}) {
    super('invalid-config', message, details.cause === undefined ? undefined : { cause: details.cause });
    this.file = details.file;
    this.position = details.position;
    this.notices = details.notices ?? [];
    this.logSettings = details.logSettings;
  }

  /** The same error with what an outer step knows filled in where it was unknown. */
  with(details: Pick<ConfigErrorDetails, 'file' | 'notices' | 'logSettings'>): ConfigError {
    return new ConfigError(this.message, {
      file: this.file ?? details.file,
      position: this.position,
      notices: [...(details.notices ?? []), ...this.notices],
      logSettings: this.logSettings ?? details.logSettings,
      cause: this.cause,
    });
  }
}
