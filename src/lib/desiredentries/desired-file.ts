import { SpirekitError } from '../runtime/errors.ts';
import { isKubernetesObject, staticEntriesIn } from './cluster-static-entry.ts';
import type { DesiredEntry, DesiredState } from './desired-entry.ts';
import { entryFields, entryOf, type FieldReaders, unknown } from './entry-reading.ts';
import { parseJsonSource, skipBlanks } from './json-source.ts';
import { NodeValues } from './node-values.ts';
import { SourceFile } from './source-file.ts';
import type { SourceNode } from './source-node.ts';

/** How a file is written: JSON may be JSON lines; `any` is found out by looking at its first character. */
export type FileFormat = 'json' | 'yaml' | 'any';

/**
 * Reads a file of entries. Its documents are `{"entries": [...]}` as SPIRE's `-data` has them and `server export` and
 * `entry show -output json` write them, lists of entries, single entries, files that `--undo-file` wrote, or
 * ClusterStaticEntry objects; in JSON, as JSON lines or in YAML.
 *
 * @param file what messages call it
 * @throws SpirekitError `invalid-encoding`, `invalid-argument`, `invalid-spiffe-id`, `invalid-selector`,
 *   `invalid-trust-domain`, all with file, line and column
 */
export async function parseDesiredFile(bytes: Uint8Array, file: string, format: FileFormat): Promise<DesiredState> {
  const source = new SourceFile(file, decode(bytes, file));
  const isBracket = /[[{]/.test(source.text[skipBlanks(source.text, 0)] ?? '');
  if (format === 'json' || (format === 'any' && isBracket)) {
    return parseDesiredDocuments(source, parseJsonDocuments(source));
  }
  // Most files are JSON, and YAML takes its time to load.
  const { parseYamlSource } = await import('./yaml-source.ts');
  return parseDesiredDocuments(source, parseYamlSource(source));
}

/**
 * Takes what documents say out of them; they are let go one by one.
 *
 * @throws as {@link parseDesiredFile}, and what the documents themselves throw
 */
export function parseDesiredDocuments(source: SourceFile, documents: Iterable<SourceNode>): DesiredState {
  const taken = new Documents(new NodeValues(source));
  for (const document of documents) taken.add(document);
  if (taken.isEmpty) {
    // What was cut off at its beginning must not pass for "no entries are wanted".
    throw source.error('invalid-encoding', 0, 'there is nothing in it; no entries are written {"entries": []}');
  }
  return taken.state();
}

/** The values of a JSON file: one, or one on each line. @throws SpirekitError `invalid-encoding` with its place */
export function* parseJsonDocuments(source: SourceFile): Generator<SourceNode, void, undefined> {
  let at = skipBlanks(source.text, 0);
  do {
    const { node, end } = parseJsonSource(source, at);
    yield node;
    at = skipBlanks(source.text, end);
    if (at < source.text.length && !source.text.slice(end, at).includes('\n')) {
      throw source.error('invalid-encoding', at, 'more text behind the end of the JSON');
    }
  } while (at < source.text.length);
}

function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new SpirekitError('invalid-encoding', `${file}: it is no UTF-8 text`, { cause });
  }
}

/** Members that files of entries have beside them: of `server export`, of `entry show -output json`, of undo files. */
const PASSED_OVER = ['trust_domain', 'bundles', 'federationRelationships', 'next_page_token', 'schema', 'written_by'];

const NAMES = { spiffeId: 'spiffe_id', parentId: 'parent_id' } as const;

class Documents {
  readonly #values: NodeValues;
  readonly #fields: FieldReaders;
  readonly #entries: DesiredEntry[] = [];
  readonly #unwanted: DesiredState['unwanted'][number][] = [];
  readonly #classNames = new Set<string>();
  /** Whether there was no document, or none but empty ones. */
  isEmpty = true;

  constructor(values: NodeValues) {
    this.#values = values;
    this.#fields = entryFields(values);
  }

  add(document: SourceNode): void {
    // An empty document of YAML.
    if (document.kind === 'null') return;
    this.isEmpty = false;
    if (document.kind === 'list') this.#list(document, '');
    else if (isKubernetesObject(document)) this.#objects(document);
    else if (this.#values.map(document, 'a file of entries').has('spiffe_id')) this.#entry(document, '');
    else this.#file(document);
  }

  state(): DesiredState {
    return { entries: this.#entries, unwanted: this.#unwanted, classNames: [...this.#classNames] };
  }

  #file(document: SourceNode): void {
    const fields = this.#values.map(document, 'a file of entries');
    for (const [name, { at, node }] of fields) {
      if (name === 'entries') this.#list(node, 'entries');
      else if (name === 'remove_ids') this.#remove(node);
      else if (!PASSED_OVER.includes(name)) throw this.#values.error({ at }, unknown(name, ['entries']));
    }
    if (!fields.has('entries')) throw this.#values.error(document, 'entries is missing');
  }

  #list(node: SourceNode, what: string): void {
    for (const [index, item] of this.#values.list(node, what).entries()) this.#entry(item, `${what}[${index}]`);
  }

  #entry(node: SourceNode, what: string): void {
    const entry = entryOf(this.#values, node, what, this.#fields, NAMES);
    this.#entries.push({ entry, place: this.#values.source.placeAt(node.at) });
  }

  #objects(node: SourceNode): void {
    for (const { entry, node: spec, className } of staticEntriesIn(this.#values, node)) {
      this.#entries.push({ entry, place: this.#values.source.placeAt(spec.at) });
      if (className !== '') this.#classNames.add(className);
    }
  }

  #remove(node: SourceNode): void {
    for (const [index, item] of this.#values.list(node, 'remove_ids').entries()) {
      const id = this.#values.text(item, `remove_ids[${index}]`);
      if (id === '') throw this.#values.error(item, `remove_ids[${index}] is empty`);
      this.#unwanted.push({ id, place: this.#values.source.placeAt(item.at) });
    }
  }
}
