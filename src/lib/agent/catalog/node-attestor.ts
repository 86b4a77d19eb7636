import type { BuiltInPlugins } from '../../catalog/built-in-plugin.ts';
import type { NodeAttestor } from '../plugin/nodeattestor/node-attestor.ts';
import type { PluginEnvironment } from './plugin-environment.ts';

/** The node attestors that come with the agent. */
export const NODE_ATTESTORS: BuiltInPlugins<PluginEnvironment, NodeAttestor> = {
  join_token: async () => (await import('../plugin/nodeattestor/join-token/plugin.ts')).joinTokenNodeAttestor,
  x509pop: async () => (await import('../plugin/nodeattestor/x509pop/plugin.ts')).x509PopNodeAttestor,
};
