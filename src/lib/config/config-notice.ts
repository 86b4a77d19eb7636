/** Levels at which a notice is meant for the daemon's log. */
export type ConfigNoticeLevel = 'info' | 'warning' | 'error';

/**
 * Something that reading a configuration found worth saying without refusing it. The caller writes it to the log that
 * the configuration describes: a daemon to its own log, `validate` to standard output.
 */
export interface ConfigNotice {
  readonly level: ConfigNoticeLevel;
  readonly message: string;
  /** Structured fields beside the message, in the order of insertion. Never a secret. */
  readonly fields: Readonly<Record<string, string | number | boolean>>;
}
