import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import type { BundleStore } from '../datastore/bundle-store.ts';
import type { JoinTokenStore } from '../datastore/join-token-store.ts';

/** What the plugins of a server, of whatever type, may use of it. */
export interface ServerPluginDeps {
  readonly trustDomain: TrustDomain;
  readonly joinTokens: JoinTokenStore;
  /** For those that verify what this server signed. */
  readonly bundles: Pick<BundleStore, 'findBundle'>;
  readonly clock: Clock;
  /** Its lines name the plugin. */
  readonly log: Logger;
  /** Ends the opening. */
  readonly signal: AbortSignal | undefined;
}
