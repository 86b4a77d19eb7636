import type { HclItem, HclNode } from '../hcl/ast.ts';
import { type DecodeNode, decodeError, kindName } from './decode-node.ts';
import type { Infer, Schema } from './schema.ts';
import { isSameKey, selectItems } from './select-items.ts';

/** Under this symbol a block's value keeps the keys that its schema does not know; see {@link unknownKeys}. */
const UNKNOWN_KEYS: unique symbol = Symbol('unknown keys');

/** The keys of a block. The order is that in which they are read, and so which error comes first. */
export type BlockFields = Readonly<Record<string, Schema<unknown>>>;

/** What a block's schema reads: one property for each key. */
export type BlockValue<F extends BlockFields> = { readonly [K in keyof F]: Infer<F[K]> } & UnknownKeys;

/** A value that remembers keys that nobody asked for. */
export interface UnknownKeys {
  readonly [UNKNOWN_KEYS]: readonly string[];
}

/** A block `{ key = value ... }`. Repeated blocks are merged. Empty: the empty value of each field. */
export function block<const F extends BlockFields>(fields: F): Schema<BlockValue<F>> {
  const names = Object.keys(fields);
  return {
    shape: {
      kind: 'block',
      fields: Object.fromEntries(Object.entries(fields).map(([name, { shape }]) => [name, shape])),
    },
    empty: makeBlock<F>(Object.fromEntries(names.map((name) => [name, fields[name]?.empty])), []),
    decode(path, node, previous) {
      const items = itemsOf(path, node);
      const values: Record<string, unknown> = { ...previous };
      for (const [name, schema] of Object.entries(fields)) {
        for (const match of matchesOf(items, name)) {
          values[name] = schema.decode(`${path}.${name}`, match, values[name]);
        }
      }
      const unknown = findUnknownKeys(items, names);
      return makeBlock<F>(values, unknown.length > 0 ? unknown : previous[UNKNOWN_KEYS]);
    },
  };
}

/** Keys of the block that no field reads, in the order of the file; quoted keys are never among them. */
export function unknownKeys(value: UnknownKeys): readonly string[] {
  return value[UNKNOWN_KEYS];
}

function makeBlock<F extends BlockFields>(values: Record<string, unknown>, unknown: readonly string[]): BlockValue<F> {
  // Each value was made by the schema of its key just before.
  return { ...values, [UNKNOWN_KEYS]: unknown } as BlockValue<F>;
}

/** First what stands below further keys, as one object, then each value that stands right behind the key. */
function matchesOf(items: readonly HclItem[], name: string): DecodeNode[] {
  const selected = selectItems(items, name);
  const children = selected.filter((item) => item.keys.length > 0);
  const values = selected.filter((item) => item.keys.length === 0).map((item) => withoutBraces(item.value));
  return children.length > 0 ? [{ kind: 'items', items: children }, ...values] : values;
}

function withoutBraces(value: HclNode): DecodeNode {
  return value.kind === 'object' ? { kind: 'items', items: value.items } : value;
}

function itemsOf(path: string, node: DecodeNode): readonly HclItem[] {
  const inner = node.kind === 'item' ? node.item.value : node;
  if (inner.kind === 'object' || inner.kind === 'items') return inner.items;
  // A list of blocks that was written as one block arrives as its items: each is a block of one key.
  if (inner.kind === 'literal' && node.kind === 'item') return [node.item];
  throw decodeError(inner, `${path}: not an object type for struct (${kindName(inner)})`);
}

function findUnknownKeys(items: readonly HclItem[], names: readonly string[]): string[] {
  const found = new Set<string>();
  for (const [index, item] of items.entries()) {
    // HCL's decoder looks at items with several keys only in the first place.
    if (index > 0 && item.keys.length > 1) continue;
    for (const key of item.keys) {
      if (key.isBare && !names.some((name) => isSameKey(name, key.name) && isPresent(items, name))) found.add(key.name);
    }
  }
  return [...found];
}

/** A field counts as read only if it is the first key of some item. */
function isPresent(items: readonly HclItem[], name: string): boolean {
  return items.some((item) => item.keys[0] !== undefined && isSameKey(item.keys[0].name, name));
}
