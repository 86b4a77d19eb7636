import type { HclItem } from '../hcl/ast.ts';
import { type DecodeNode, decodeError, kindName } from './decode-node.ts';
import type { Schema } from './schema.ts';
import { selectItems } from './select-items.ts';

/** A list; repeated keys append. Empty: an empty list. */
export function list<T>(element: Schema<T>): Schema<readonly T[]> {
  return {
    shape: { kind: 'list', of: element.shape },
    empty: [],
    decode(path, node, previous) {
      const decoded = elementsOf(node).map((item, index) => element.decode(`${path}[${index}]`, item, element.empty));
      return [...previous, ...decoded];
    },
  };
}

/** Like {@link list}, for blocks: `name = [{...}, {...}]`, or `name "label" {...}` read from flattened JSON. */
export function blockList<T>(element: Schema<T>): Schema<readonly T[]> {
  const plain = list(element);
  return {
    shape: { kind: 'list', of: element.shape },
    empty: [],
    decode(path, node, previous) {
      if (node.kind !== 'items') return plain.decode(path, node, previous);
      const decoded = node.items.map((item, index) =>
        element.decode(`${path}[${index}]`, expandItem(item), element.empty),
      );
      return [...previous, ...decoded];
    },
  };
}

/** Labelled blocks or a block of free keys, by key. A key that comes again is decoded onto the first. */
export function map<T>(element: Schema<T>): Schema<ReadonlyMap<string, T>> {
  return {
    shape: { kind: 'map', of: element.shape },
    empty: new Map(),
    decode(path, node, previous) {
      const items = mapItems(path, node);
      const values = new Map(previous);
      const done = new Set<string>();
      for (const { keys, value } of items) {
        const name = keys[0]?.name;
        if (name === undefined) throw decodeError(node, `${path}: map must have string keys`);
        if (done.has(name)) continue;
        const isLabelled = keys.length > 1;
        if (isLabelled) done.add(name);
        const inner: DecodeNode = isLabelled ? { kind: 'items', items: selectItems(items, name) } : value;
        values.set(name, element.decode(`${path}.${name}`, inner, values.get(name) ?? element.empty));
      }
      return values;
    },
  };
}

function elementsOf(node: DecodeNode): readonly DecodeNode[] {
  switch (node.kind) {
    case 'items':
      return node.items.map((item) => ({ kind: 'item', item }));
    case 'object':
      return [node];
    case 'list':
      return node.items;
    case 'literal':
    case 'item':
      throw decodeError(node, `unknown slice type: ${kindName(node)}`);
  }
}

/** Undoes the flattening of JSON for an element that is a block: `a b {...}` is the block `a { b {...} }`. */
function expandItem(item: HclItem): DecodeNode {
  const [first, second] = item.keys;
  if (first === undefined || second === undefined || item.keys.length !== 2) return { kind: 'item', item };
  const inner: HclItem = { keys: [second], value: item.value };
  return {
    kind: 'item',
    item: { keys: [first], value: { kind: 'object', items: [inner], position: first.position } },
  };
}

function mapItems(path: string, node: DecodeNode): readonly HclItem[] {
  if (node.kind === 'item') return [node.item];
  if (node.kind === 'items' || node.kind === 'object') return node.items;
  throw decodeError(node, `${path}: not an object type for map (${kindName(node)})`);
}
