import type { BuiltInPlugin } from '../../../../catalog/built-in-plugin.ts';
import type { ServerPluginDeps } from '../../../catalog/server-plugin-deps.ts';
import type { NodeAttestor } from '../node-attestor.ts';
import { JoinTokenAttestor } from './join-token-attestor.ts';

/** NodeAttestor `join_token`: it has no settings. */
export const joinTokenAttestor: BuiltInPlugin<ServerPluginDeps, NodeAttestor> = {
  isConfigurable: true,
  validate: () => [],
  open: async (_data, deps) => new JoinTokenAttestor(deps),
};
