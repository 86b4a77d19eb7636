import { JoinTokenNodeAttestor } from '../plugin/nodeattestor/join-token/join-token-node-attestor.ts';
import type { NodeAttestor } from '../plugin/nodeattestor/node-attestor.ts';
import type { BuiltIn, BuiltIns } from './built-in.ts';

export const NODE_ATTESTORS: BuiltIns<NodeAttestor> = new Map<string, BuiltIn<NodeAttestor>>([
  ['join_token', { isConfigurable: false, open: async ({ joinToken }) => new JoinTokenNodeAttestor(joinToken) }],
]);
