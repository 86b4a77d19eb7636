/** Structured fields of one log line; errors are shown by their message. */
export type LogFields = Readonly<Record<string, unknown>>;
