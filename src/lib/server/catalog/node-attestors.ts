import type { BuiltInPlugins } from '../../catalog/built-in-plugin.ts';
import type { NodeAttestor } from '../plugin/nodeattestor/node-attestor.ts';
import type { ServerPluginDeps } from './server-plugin-deps.ts';

/** The node attestors that come with the server. */
export const nodeAttestors: BuiltInPlugins<ServerPluginDeps, NodeAttestor> = {
  join_token: async () => (await import('../plugin/nodeattestor/join-token/plugin.ts')).joinTokenAttestor,
  x509pop: async () => (await import('../plugin/nodeattestor/x509pop/plugin.ts')).x509PopAttestor,
};
