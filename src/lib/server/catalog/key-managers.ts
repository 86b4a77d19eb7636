import type { BuiltInPlugins } from '../../catalog/built-in-plugin.ts';
import type { KeyManager } from '../plugin/keymanager/key-manager.ts';
import type { ServerPluginDeps } from './server-plugin-deps.ts';

/** The key managers that come with the server. */
export const keyManagers: BuiltInPlugins<ServerPluginDeps, KeyManager> = {
  aws_kms: async () => (await import('../plugin/keymanager/aws-kms/plugin.ts')).kmsKeyManager,
  disk: async () => (await import('../plugin/keymanager/disk/plugin.ts')).diskKeyManager,
  hashicorp_vault: async () => (await import('../plugin/keymanager/hashicorp-vault/plugin.ts')).vaultKeyManager,
  memory: async () => (await import('../plugin/keymanager/memory/plugin.ts')).memoryKeyManager,
};
