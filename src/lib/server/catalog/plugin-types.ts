import { datastores } from './datastores.ts';
import { keyManagers } from './key-managers.ts';
import { nodeAttestors } from './node-attestors.ts';

/** The types of plugins that this server loads, beside the datastore. */
export const PLUGIN_TYPES = {
  KeyManager: { builtIns: keyManagers, count: { min: 1, max: 1 } },
  NodeAttestor: { builtIns: nodeAttestors, count: { min: 0, max: Number.POSITIVE_INFINITY } },
} as const;

export const DATASTORE_TYPE = { name: 'DataStore', builtIns: datastores } as const;
