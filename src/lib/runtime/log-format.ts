import { goQuote } from './go-quote.ts';
import type { LogFields } from './log-fields.ts';
import type { LogLevel } from './log-level.ts';
import { formatGoTimestamp, formatLogTimestamp } from './log-timestamp.ts';
import { type LogValue, redactSecrets, toLogValue } from './log-value.ts';

/** One log line before it is written. */
export interface LogEntry {
  /** Milliseconds since the Unix epoch. */
  readonly timeMs: number;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** `default` is the text form with times in whole seconds; `text` and `json` keep fractions. */
export type LogFormat = 'default' | 'text' | 'json';

/** Names that the line itself uses: a field called so is written as `fields.<name>`. */
const RESERVED_NAMES: ReadonlySet<string> = new Set(['time', 'msg', 'level', 'logrus_error']);

/** One line with its line feed, in the forms that SPIRE's daemons write. Whatever the fields hold, it is one line. */
export function formatLogEntry(format: LogFormat, entry: LogEntry): string {
  switch (format) {
    case 'default':
      return formatText(entry, false);
    case 'text':
      return formatText(entry, true);
    case 'json':
      return formatJson(entry);
  }
}

function formatText(entry: LogEntry, milliseconds: boolean): string {
  const words = [
    `time=${quoteWhereNeeded(formatLogTimestamp(entry.timeMs, { milliseconds }))}`,
    `level=${entry.level}`,
    ...(entry.message === '' ? [] : [`msg=${quoteWhereNeeded(redactSecrets(entry.message))}`]),
    ...sortedFields(entry.fields).map(([name, value]) => `${safeName(name)}=${quoteWhereNeeded(formatPlain(value))}`),
  ];
  return `${words.join(' ')}\n`;
}

function formatJson(entry: LogEntry): string {
  const fields: [string, LogValue][] = [
    ...sortedFields(entry.fields),
    ['level', entry.level],
    ['msg', redactSecrets(entry.message)],
    ['time', formatLogTimestamp(entry.timeMs, { milliseconds: true })],
  ];
  const members = fields.sort(byName).map(([name, value]) => `${jsonText(name)}:${jsonText(value)}`);
  return `{${members.join(',')}}\n`;
}

function sortedFields(fields: LogFields): [string, LogValue][] {
  return Object.entries(fields)
    .map(([name, value]): [string, LogValue] => [
      RESERVED_NAMES.has(name) ? `fields.${name}` : name,
      toLogValue(name, value),
    ])
    .sort(byName);
}

function byName([a]: [string, LogValue], [b]: [string, LogValue]): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** As Go prints a value: lists in brackets with spaces, an absent value as `<nil>`. */
function formatPlain(value: LogValue): string {
  if (value === null) return '<nil>';
  if (value instanceof Date) return formatGoTimestamp(value.getTime());
  if (typeof value === 'object') return `[${value.map(formatPlain).join(' ')}]`;
  return String(value);
}

function quoteWhereNeeded(text: string): string {
  return /^[a-zA-Z0-9\-._/@^+]*$/.test(text) ? text : goQuote(text);
}

/** Names come from our own code, but a plugin's log passes through here too. */
function safeName(name: string): string {
  return name.replace(/[^\p{L}\p{N}\-._/@]/gu, '_');
}

/** JSON as Go writes it: also harmless inside HTML. */
function jsonText(value: LogValue): string {
  return JSON.stringify(value, inLocalZone).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Dates arrive here as text in UTC, so the value is looked up where it was. */
function inLocalZone(this: unknown, key: string, value: unknown): unknown {
  const original: unknown = typeof this === 'object' && this !== null ? Reflect.get(this, key) : undefined;
  return original instanceof Date ? formatLogTimestamp(original.getTime(), { milliseconds: true }) : value;
}
