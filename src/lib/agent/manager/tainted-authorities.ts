import type { Certificate } from '../../crypto/certificate.ts';
import { leadsTo } from '../../crypto/chain.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { IdentityCache } from '../cache/identity-cache.ts';
import type { JwtSvidCache } from '../cache/jwt-svid-cache.ts';
import type { TrustBundle } from '../client/trust-bundles.ts';
import type { AgentSvidRotation } from './agent-svid-rotation.ts';

/** What {@link TaintedAuthorities} needs. */
export interface TaintedAuthoritiesOptions {
  readonly cache: IdentityCache;
  readonly jwtCache: JwtSvidCache;
  readonly rotation: AgentSvidRotation;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** Has SVIDs replaced whose authority the server declared tainted. Workloads keep the old ones until the new are there. */
export class TaintedAuthorities {
  readonly #options: TaintedAuthoritiesOptions;
  /** By subject key id. Each counts once: what replaces its SVIDs may come just before the server has changed over. */
  readonly #processed = new Set<string>();

  constructor(options: TaintedAuthoritiesOptions) {
    this.#options = options;
  }

  process({ taintedX509Authorities, taintedJwtKeyIds }: TrustBundle): void {
    this.#replaceX509Svids(taintedX509Authorities);
    const dropped = this.#options.jwtCache.dropSignedBy(taintedJwtKeyIds);
    if (dropped > 0) {
      this.#options.metrics.addSample(['cache_manager', 'tainted_jwt_svids', 'workload'], dropped);
      this.#options.log.info(
        'JWT-SVIDs were removed from the JWT cache because they were issued by a tainted authority',
        { jwt_authority_key_ids: [...taintedJwtKeyIds].join(','), tainted_jwt_svids: dropped },
      );
    }
  }

  #replaceX509Svids(authorities: readonly Certificate[]): void {
    const { cache, rotation, clock, metrics, log } = this.#options;
    const fresh = authorities.filter((authority) => !this.#processed.has(keyIdOf(authority)));
    if (fresh.length === 0) return;
    const keyIds = fresh.map(keyIdOf);
    log.debug('New tainted X.509 authorities found', { subject_key_ids: keyIds.join(',') });
    const nowMs = clock.nowMs();
    const count = cache.expireSvids((chain) => leadsTo(chain, fresh, nowMs));
    metrics.addSample(['cache_manager', 'tainted_x509_svids', 'workload'], count);
    log.info('Tainted X.509 SVIDs', { tainted_x509_svids: count });
    if (leadsTo(rotation.current.chain, fresh, nowMs)) {
      log.info('Agent SVID is tainted by a root authority, forcing rotation');
      rotation.expire();
    }
    for (const keyId of keyIds) this.#processed.add(keyId);
  }
}

function keyIdOf({ subjectKeyId }: Certificate): string {
  return Buffer.from(subjectKeyId ?? []).toString('hex');
}
