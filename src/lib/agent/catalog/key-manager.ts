import type { BuiltInPlugins } from '../../catalog/built-in-plugin.ts';
import type { KeyManager } from '../plugin/keymanager/key-manager.ts';
import type { PluginEnvironment } from './plugin-environment.ts';

/** The key managers that come with the agent. */
export const KEY_MANAGERS: BuiltInPlugins<PluginEnvironment, KeyManager> = {
  disk: async () => (await import('../plugin/keymanager/disk/plugin.ts')).diskKeyManager,
  memory: async () => (await import('../plugin/keymanager/memory/plugin.ts')).memoryKeyManager,
};
