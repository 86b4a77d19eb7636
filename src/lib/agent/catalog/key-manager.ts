import { ConfigError } from '../../config/config-error.ts';
import { block } from '../../config/schema/block.ts';
import { string } from '../../config/schema/scalars.ts';
import { decodeText } from '../../config/schema/schema.ts';
import { DiskKeyManager } from '../plugin/keymanager/disk/disk-key-manager.ts';
import type { KeyManager } from '../plugin/keymanager/key-manager.ts';
import { MemoryKeyManager } from '../plugin/keymanager/memory/memory-key-manager.ts';
import type { BuiltIn, BuiltIns } from './built-in.ts';

const DISK_DATA = block({ directory: string() });

export const KEY_MANAGERS: BuiltIns<KeyManager> = new Map<string, BuiltIn<KeyManager>>([
  [
    'disk',
    {
      isConfigurable: true,
      open: async ({ clock, log }, hcl) => {
        const { directory } = decodeText(DISK_DATA, hcl);
        if (directory === '') throw new ConfigError('directory must be configured');
        return await DiskKeyManager.open({ directory, clock, log });
      },
    },
  ],
  ['memory', { isConfigurable: false, open: async () => new MemoryKeyManager() }],
]);
