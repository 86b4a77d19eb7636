import type { Clock } from '../../runtime/clock.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import type { JoinTokenStore } from '../datastore/join-token-store.ts';

/** What node attestors may use of the server. */
export interface NodeAttestorDeps {
  readonly trustDomain: TrustDomain;
  readonly joinTokens: JoinTokenStore;
  readonly clock: Clock;
}
