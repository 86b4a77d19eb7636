import type { HclNode } from '../hcl/ast.ts';
import { type DecodeNode, decodeError, kindName, positionOf } from './decode-node.ts';
import { parseGoInt } from './go-int.ts';
import type { Schema } from './schema.ts';

/** A string; numbers are taken by their spelling. Empty: `''`. */
export function string(): Schema<string> {
  return {
    shape: { kind: 'string' },
    empty: '',
    decode(path, node) {
      if (node.kind === 'literal' && node.type !== 'bool' && node.type !== 'float') return node.value;
      throw decodeError(node, `${path}: unknown type for string ${kindName(node)}`);
    },
  };
}

/** An integer, quoted or not. Empty: 0. */
export function int(): Schema<number> {
  return {
    shape: { kind: 'integer' },
    empty: 0,
    decode(path, node) {
      if (node.kind === 'literal' && (node.type === 'number' || node.type === 'string')) {
        return parseGoInt(node.value, node.position);
      }
      throw decodeError(node, `${path}: unknown type ${kindName(node)}`);
    },
  };
}

/** `true` or `false`, unquoted. Empty: false. */
export function bool(): Schema<boolean> {
  return {
    shape: { kind: 'boolean' },
    empty: false,
    decode(path, node) {
      if (node.kind === 'literal' && node.type === 'bool') return node.value === 'true';
      throw decodeError(node, `${path}: unknown type ${kindName(node)}`);
    },
  };
}

/** Tells a missing value from an empty one. Empty: undefined. */
export function optional<T>(inner: Schema<T>): Schema<T | undefined> {
  return {
    shape: inner.shape,
    empty: undefined,
    decode: (path, node, previous) => inner.decode(path, node, previous ?? inner.empty),
  };
}

/**
 * The part of the tree itself, for reading later. Of repeated blocks the first counts, and those after it must be
 * blocks too: so it is in HCL's decoder. Empty: undefined.
 */
export function subtree(): Schema<HclNode | undefined> {
  return {
    shape: { kind: 'tree' },
    empty: undefined,
    decode(path, node, previous) {
      const tree = asTree(node);
      if (previous === undefined) return tree;
      if (tree.kind === 'object') return previous;
      throw decodeError(node, `${path}: not an object type for struct (${kindName(node)})`);
    },
  };
}

function asTree(node: DecodeNode): HclNode {
  const position = positionOf(node) ?? { line: 1, column: 1 };
  switch (node.kind) {
    case 'literal':
    case 'list':
    case 'object':
      return node;
    case 'item':
      return { kind: 'object', items: [node.item], position };
    case 'items':
      return { kind: 'object', items: node.items, position };
  }
}
