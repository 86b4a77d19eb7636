import type { BuiltInPlugin } from '../../../../catalog/built-in-plugin.ts';
import type { NodeAttestor } from '../node-attestor.ts';
import { JoinTokenNodeAttestor } from './join-token-node-attestor.ts';

/**
 * NodeAttestor `join_token`: it has no settings. With a token in the configuration the agent takes its own; this one
 * says that there is none.
 */
export const joinTokenNodeAttestor: BuiltInPlugin<unknown, NodeAttestor> = {
  isConfigurable: false,
  open: async () => new JoinTokenNodeAttestor(undefined),
};
