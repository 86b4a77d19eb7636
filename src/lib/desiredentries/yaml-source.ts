import type { Node, ParsedNode } from 'yaml';
import { Composer, isAlias, isMap, isScalar, isSeq, Parser } from 'yaml';
import { SpirekitError } from '../runtime/errors.ts';
import type { SourceFile } from './source-file.ts';
import type { SourceField, SourceNode } from './source-node.ts';

/** A file of YAML is slower to read than one of JSON, and takes more room. */
const LONGEST_TEXT = 16 * 1024 * 1024;

/** Deeper than any entry. */
const MOST_LEVELS = 32;

/** How many values all aliases of a file may stand for, so that a short file cannot mean a very long one. */
const MOST_REPEATED_VALUES = 200_000;

/**
 * Reads the documents of a YAML file (1.2, core schema) one after the other. Anchors, aliases and merge keys (`<<`) work
 * within bounds; tags beyond the core schema and names that stand twice are refused.
 *
 * @throws SpirekitError `invalid-encoding` with file, line and column; `resource-exhausted` for a text that is too long
 */
export function* parseYamlSource(source: SourceFile): Generator<SourceNode, void, undefined> {
  if (source.text.length > LONGEST_TEXT) {
    throw new SpirekitError(
      'resource-exhausted',
      `${source.file}: more than ${LONGEST_TEXT} characters of YAML; cut it in several files, or write it as JSON`,
    );
  }
  // Names that stand twice are found below: the package compares each name with all others.
  const options = {
    intAsBigInt: true,
    uniqueKeys: false,
    resolveKnownTags: false,
    logLevel: 'silent',
    prettyErrors: false,
  } as const;
  const budget = { left: MOST_REPEATED_VALUES };
  try {
    for (const document of new Composer(options).compose(new Parser().parse(source.text))) {
      const [problem] = [...document.errors, ...document.warnings];
      if (problem !== undefined) {
        throw source.error('invalid-encoding', problem.pos[0], oneLine(problem.message), { cause: problem });
      }
      yield new NodeReader(source, budget).read(document.contents, 0).node;
    }
  } catch (cause) {
    if (cause instanceof SpirekitError) throw cause;
    // The package goes as deep as the text does.
    throw new SpirekitError('invalid-encoding', `${source.file}: it cannot be read as YAML`, { cause });
  }
}

function oneLine(message: string): string {
  if (message.includes('call stack')) return `more than ${MOST_LEVELS} levels of lists and maps`;
  return message.replace(/\s+/g, ' ').trim();
}

/** A value and how many there are in it, itself counted. */
interface Read {
  readonly node: SourceNode;
  readonly size: number;
}

/** Takes the values out of one document. */
class NodeReader {
  readonly #source: SourceFile;
  readonly #budget: { left: number };
  readonly #anchors = new Map<string, Read>();

  constructor(source: SourceFile, budget: { left: number }) {
    this.#source = source;
    this.#budget = budget;
  }

  read(value: Node | ParsedNode | null, level: number): Read {
    const at = value?.range?.[0] ?? 0;
    if (level > MOST_LEVELS) throw this.#error(at, `more than ${MOST_LEVELS} levels of lists and maps`);
    if (isAlias(value)) return this.#alias(value.source, at);
    const read = this.#plain(value, at, level);
    const anchor = isMap(value) || isSeq(value) || isScalar(value) ? value.anchor : undefined;
    if (anchor !== undefined) this.#anchors.set(anchor, read);
    return read;
  }

  #plain(value: unknown, at: number, level: number): Read {
    if (isMap(value)) return this.#map(value.items, at, level);
    if (isSeq(value)) {
      const items = value.items.map((item) => this.read(item as Node | null, level + 1));
      return { node: { kind: 'list', at, items: items.map(({ node }) => node) }, size: total(items) };
    }
    return { node: this.#scalar(isScalar(value) ? value.value : null, at), size: 1 };
  }

  #map(pairs: readonly { readonly key: unknown; readonly value: unknown }[], at: number, level: number): Read {
    const fields = new Map<string, SourceField>();
    const merged: SourceNode[] = [];
    const reads: Read[] = [];
    for (const { key, value } of pairs) {
      const nameAt = isScalar(key) ? (key.range?.[0] ?? at) : at;
      if (!isScalar(key) || typeof key.value !== 'string') throw this.#error(nameAt, 'a name that is no text');
      const read = this.read(value as Node | null, level + 1);
      reads.push(read);
      if (fields.has(key.value)) throw this.#error(nameAt, `${JSON.stringify(key.value)} stands here twice`);
      if (key.value === '<<') merged.push(...(read.node.kind === 'list' ? read.node.items : [read.node]));
      else fields.set(key.value, { at: nameAt, node: read.node });
    }
    for (const node of merged) {
      if (node.kind !== 'map') throw this.#error(node.at, '<< takes maps, or aliases of them');
      for (const [name, field] of node.fields) if (!fields.has(name)) fields.set(name, field);
    }
    return { node: { kind: 'map', at, fields }, size: total(reads) };
  }

  #alias(name: string, at: number): Read {
    const found = this.#anchors.get(name);
    if (found === undefined) throw this.#error(at, `there is no &${name} before this`);
    this.#budget.left -= found.size;
    if (this.#budget.left < 0) {
      throw this.#error(at, `aliases stand for more than ${MOST_REPEATED_VALUES} values`);
    }
    return found;
  }

  #scalar(value: unknown, at: number): SourceNode {
    switch (typeof value) {
      case 'string':
        return { kind: 'string', at, value };
      case 'boolean':
        return { kind: 'boolean', at, value };
      case 'bigint':
        return { kind: 'integer', at, value };
      case 'number':
        return { kind: 'number', at, value };
      default:
        return { kind: 'null', at };
    }
  }

  #error(at: number, reason: string): SpirekitError {
    return this.#source.error('invalid-encoding', at, reason);
  }
}

function total(parts: readonly Read[]): number {
  let sum = 1;
  for (const { size } of parts) sum += size;
  return sum;
}
