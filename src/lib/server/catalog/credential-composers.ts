import type { BuiltInPlugins } from '../../catalog/built-in-plugin.ts';
import type { CredentialComposer } from '../plugin/credentialcomposer/credential-composer.ts';
import type { ServerPluginDeps } from './server-plugin-deps.ts';

/** The credential composers that come with the server. */
export const credentialComposers: BuiltInPlugins<ServerPluginDeps, CredentialComposer> = {
  uniqueid: async () => (await import('../plugin/credentialcomposer/uniqueid/plugin.ts')).uniqueIdComposer,
};
