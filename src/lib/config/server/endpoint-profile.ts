import { ConfigError } from '../config-error.ts';
import type { HclNode } from '../hcl/ast.ts';
import { decodeTree, type Schema } from '../schema/schema.ts';

/**
 * Decodes a profile block, which holds exactly one profile.
 *
 * @throws {ConfigError} code `invalid-config`
 */
export function decodeOneProfile<T>(schema: Schema<T>, tree: HclNode): T {
  if (tree.kind !== 'object') throw new ConfigError('malformed configuration');
  if (tree.items.length !== 1) throw new ConfigError('exactly one bundle endpoint profile is expected');
  try {
    return decodeTree(schema, tree);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(`failed to decode configuration: ${error.message}`, { cause: error });
  }
}
