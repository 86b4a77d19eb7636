import type { HclObject } from '../hcl/ast.ts';
import { parseConfigText } from '../hcl/parse.ts';
import type { DecodeNode } from './decode-node.ts';

/**
 * How one value is read from a tree. Decoding is weak, as HCL's decoder for Go is: numbers may be quoted, blocks may be
 * repeated, and what is repeated is decoded onto what was there before.
 */
export interface Schema<T> {
  /** What is read, for documentation. */
  readonly shape: SchemaShape;
  /** The value of a key that is not there. */
  readonly empty: T;
  /**
   * @param path dotted path for error messages, `root` first
   * @param previous what an earlier occurrence of the key gave, or {@link empty}
   * @throws {ConfigError} code `invalid-config` with line and column
   */
  decode(path: string, node: DecodeNode, previous: T): T;
}

/** The structure of a configuration, without its decoding. */
export type SchemaShape =
  | { readonly kind: 'string' | 'integer' | 'boolean' | 'tree' }
  | { readonly kind: 'list' | 'map'; readonly of: SchemaShape }
  | { readonly kind: 'block'; readonly fields: Readonly<Record<string, SchemaShape>> };

/** The type of the values that a schema reads. */
export type Infer<S> = S extends Schema<infer T> ? T : never;

/** Reads a tree with the schema of its whole document. */
export function decodeTree<T>(schema: Schema<T>, root: HclObject): T {
  return schema.decode('root', { kind: 'items', items: root.items }, schema.empty);
}

/**
 * Parses and reads a text, such as a plugin's configuration.
 *
 * @throws {ConfigError} code `invalid-config`, with line and column
 */
export function decodeText<T>(schema: Schema<T>, text: string): T {
  return decodeTree(schema, parseConfigText(text).root);
}
