import type { LogFields } from '../../runtime/log-fields.ts';

/** What a plugin has logged. */
export interface PluginLogLine {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

/** A plugin is foreign code: what it logs must not become a burden. */
const MAX_FIELDS = 32;
const MAX_NAME_LENGTH = 64;
const MAX_TEXT_LENGTH = 8192;

const LEVELS: ReadonlySet<string> = new Set(['trace', 'debug', 'info', 'warn', 'error']);
const PREFIXES = ['[TRACE]', '[DEBUG]', '[INFO]', '[WARN]', '[ERROR]'];

/** Where a Go program begins to say why it ends. */
const PANIC = /^(?:panic: |fatal error: )/;

/**
 * Reads a line of a plugin's standard error: JSON of go-hclog, or any text, whose level a word in brackets may name. Never
 * throws; what is neither is a message at `debug`, and an error from where a Go program panics.
 */
export function parseHclogLine(line: string, { inPanic = false }: { readonly inPanic?: boolean } = {}): PluginLogLine {
  return parseEntry(line) ?? { level: levelOfText(line, inPanic), message: cut(line), fields: {} };
}

/** Whether what follows this line is the end of a Go program. */
export function startsPanic(line: string): boolean {
  return PANIC.test(line);
}

function parseEntry(line: string): PluginLogLine | undefined {
  if (!line.startsWith('{')) return undefined;
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isRecord(entry)) return undefined;
  const { '@message': message = '', '@level': level, '@timestamp': timestamp, ...others } = entry;
  const word = typeof level === 'string' ? level.trim().toLowerCase() : '';
  if (typeof message !== 'string' || !isLevel(word)) return undefined;
  const fields = Object.entries(others)
    .slice(0, MAX_FIELDS)
    .map(([name, value]) => [name.slice(0, MAX_NAME_LENGTH), toField(value)] as const);
  if (typeof timestamp === 'string') fields.push(['timestamp', cut(timestamp)]);
  return { level: word, message: cut(message), fields: Object.fromEntries(fields) };
}

function levelOfText(line: string, inPanic: boolean): PluginLogLine['level'] {
  const prefix = PREFIXES.find((word) => line.startsWith(word));
  const word = prefix?.slice(1, -1).toLowerCase() ?? '';
  if (isLevel(word)) return word;
  return inPanic || startsPanic(line) ? 'error' : 'debug';
}

function toField(value: unknown): unknown {
  if (typeof value === 'string') return cut(value);
  return typeof value === 'object' && value !== null ? cut(JSON.stringify(value)) : value;
}

function cut(text: string): string {
  return text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}...` : text;
}

function isLevel(word: string): word is PluginLogLine['level'] {
  return LEVELS.has(word);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
