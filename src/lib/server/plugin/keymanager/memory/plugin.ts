import type { BuiltInPlugin } from '../../../../catalog/built-in-plugin.ts';
import type { KeyManager } from '../key-manager.ts';
import { MemoryKeyManager } from './memory-key-manager.ts';

/** KeyManager `memory`: it has no settings. */
export const memoryKeyManager: BuiltInPlugin<unknown, KeyManager> = {
  isConfigurable: false,
  validate: () => [],
  open: async () => new MemoryKeyManager(),
};
