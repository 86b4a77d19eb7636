import type { Clock } from '../../runtime/clock.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import type { JoinTokenStore } from '../datastore/join-token-store.ts';
import type { NodeAttestor } from '../plugin/nodeattestor/node-attestor.ts';
import type { BuiltInPlugins } from './built-in-plugin.ts';

/** What node attestors may use of the server. */
export interface NodeAttestorDeps {
  readonly trustDomain: TrustDomain;
  readonly joinTokens: JoinTokenStore;
  readonly clock: Clock;
}

/** The node attestors that come with the server. */
export const nodeAttestors: BuiltInPlugins<NodeAttestorDeps, NodeAttestor> = {
  join_token: async () => (await import('../plugin/nodeattestor/join-token/plugin.ts')).joinTokenAttestor,
};
