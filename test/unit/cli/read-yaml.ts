/**
 * Reads the part of YAML 1.2 that the printer writes: block mappings and sequences, plain words, JSON's own scalars and
 * empty collections. Anything else is refused, so that what is read back was written by the rules.
 */
export function readYaml(text: string): unknown {
  const lines = text.split('\n');
  if (lines.pop() !== '') throw new Error('no line end at the end');
  const reader = new BlockReader(lines);
  const value = reader.block(0);
  if (!reader.isAtEnd) throw new Error('lines behind the value');
  return value;
}

class BlockReader {
  readonly #lines: string[];
  #at = 0;

  constructor(lines: readonly string[]) {
    this.#lines = [...lines];
  }

  get isAtEnd(): boolean {
    return this.#at === this.#lines.length;
  }

  /** The value whose lines begin with so many blanks. */
  block(depth: number): unknown {
    const first = this.#content(depth);
    if (first === undefined) throw new Error('no value');
    if (isItem(first)) return this.#sequence(depth);
    if (KEY.test(first)) return this.#mapping(depth);
    this.#at += 1;
    return scalar(first);
  }

  #sequence(depth: number): unknown[] {
    const items: unknown[] = [];
    for (let line = this.#content(depth); line !== undefined && isItem(line); line = this.#content(depth)) {
      // The item's own block begins two further, on the same line.
      this.#lines[this.#at] = `${' '.repeat(depth + 2)}${line.slice(2)}`;
      items.push(this.block(depth + 2));
    }
    return items;
  }

  #mapping(depth: number): Record<string, unknown> {
    const entries: [string, unknown][] = [];
    for (let line = this.#content(depth); line !== undefined; line = this.#content(depth)) {
      const [whole = '', key = ''] = KEY.exec(line) ?? [];
      if (whole === '') throw new Error(`no key: ${line}`);
      this.#at += 1;
      const rest = line.slice(whole.length);
      entries.push([String(scalar(key)), rest === '' ? this.block(depth + 2) : scalar(rest.slice(1))]);
    }
    return Object.fromEntries(entries);
  }

  /** The present line without its blanks; undefined if it has another depth. */
  #content(depth: number): string | undefined {
    const line = this.#lines[this.#at];
    if (line === undefined) return undefined;
    const blanks = line.length - line.trimStart().length;
    return blanks === depth ? line.slice(depth) : undefined;
  }
}

const PLAIN = /^[A-Za-z_][A-Za-z0-9_./-]*$/;
const WORDS_WITH_A_MEANING = /^(?:true|false|null|yes|no|on|off|y|n)$/i;

/** A quoted or plain key with its colon. */
const KEY = /^("(?:[^"\\]|\\.)*"|[A-Za-z_][A-Za-z0-9_./-]*):(?= |$)/;

function isItem(line: string): boolean {
  return line.startsWith('- ');
}

function scalar(text: string): unknown {
  if (PLAIN.test(text) && !WORDS_WITH_A_MEANING.test(text)) return text;
  const value: unknown = JSON.parse(text);
  const isCollection = typeof value === 'object' && value !== null;
  if (isCollection && text !== '[]' && text !== '{}') throw new Error(`not in block style: ${text}`);
  return value;
}
