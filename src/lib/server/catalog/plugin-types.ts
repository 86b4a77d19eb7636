import { datastores } from './datastores.ts';
import { keyManagers } from './key-managers.ts';
import { nodeAttestors } from './node-attestors.ts';

/** How many plugins of a type a server has. */
export interface PluginCount {
  readonly least: number;
  readonly most: number;
}

/** The types of plugins that this server loads, beside the datastore. */
export const PLUGIN_TYPES = {
  KeyManager: { builtIns: keyManagers, count: { least: 1, most: 1 } },
  NodeAttestor: { builtIns: nodeAttestors, count: { least: 0, most: Number.POSITIVE_INFINITY } },
} as const;

export const DATASTORE_TYPE = { name: 'DataStore', builtIns: datastores } as const;

/** What SPIRE says when there are too few or too many plugins of a type; undefined when the number is right. */
export function findCountError({ least, most }: PluginCount, count: number): string | undefined {
  if (count >= least && count <= most) return undefined;
  if (least === most) return `expected exactly ${least} but got ${count}`;
  return count < least ? `expected at least ${least} but got ${count}` : `expected at most ${most} but got ${count}`;
}
