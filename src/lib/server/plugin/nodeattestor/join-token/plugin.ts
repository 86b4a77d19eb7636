import type { BuiltInPlugin } from '../../../../catalog/built-in-plugin.ts';
import type { NodeAttestorDeps } from '../../../catalog/node-attestor-deps.ts';
import type { NodeAttestor } from '../node-attestor.ts';
import { JoinTokenAttestor } from './join-token-attestor.ts';

/** NodeAttestor `join_token`: it has no settings. */
export const joinTokenAttestor: BuiltInPlugin<NodeAttestorDeps, NodeAttestor> = {
  isConfigurable: true,
  validate: () => [],
  open: async (_data, deps) => new JoinTokenAttestor(deps),
};
