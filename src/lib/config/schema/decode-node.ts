import { ConfigError, type ConfigPosition } from '../config-error.ts';
import type { HclItem, HclNode } from '../hcl/ast.ts';

/** What a schema reads: a node of the tree, one item with its remaining keys, or the items of an object. */
export type DecodeNode =
  | HclNode
  | { readonly kind: 'item'; readonly item: HclItem }
  | { readonly kind: 'items'; readonly items: readonly HclItem[] };

/** Where a node begins; undefined for an object without items. */
export function positionOf(node: DecodeNode): ConfigPosition | undefined {
  switch (node.kind) {
    case 'literal':
    case 'list':
    case 'object':
      return node.position;
    case 'item':
      return node.item.keys[0]?.position;
    case 'items':
      return node.items[0]?.keys[0]?.position;
  }
}

const GO_TYPES = {
  literal: '*ast.LiteralType',
  list: '*ast.ListType',
  object: '*ast.ObjectType',
  item: '*ast.ObjectItem',
  items: '*ast.ObjectList',
} as const satisfies Record<DecodeNode['kind'], string>;

/** The name of a node's kind in HCL's error messages, which scripts read. */
export function kindName(node: DecodeNode): string {
  return GO_TYPES[node.kind];
}

/** An error of decoding at a node, worded as HCL's decoder words it. */
export function decodeError(node: DecodeNode, message: string): ConfigError {
  const position = positionOf(node);
  const place = position === undefined ? '-' : `${position.line}:${position.column}`;
  return new ConfigError(`At ${place}: ${message}`, { position });
}
