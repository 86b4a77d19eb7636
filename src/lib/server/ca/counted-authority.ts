import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import { type CallCounterDeps, countCall } from '../../telemetry/call-counter.ts';
import type { MetricKey } from '../../telemetry/metrics.ts';
import type { Authority, X509Ca } from './authority.ts';
import type { AuthorityKind } from './rotating-authority.ts';

/** Under which names the life of one kind of authority is counted. */
interface AuthorityMetrics<T extends Authority> {
  readonly prepare: MetricKey;
  readonly activate: MetricKey;
  /** What else to write when one is activated. */
  readonly onActivate?: (authority: T) => void;
}

/** The names for JWT keys. The first parts differ, in SPIRE too. */
export const JWT_KEY_METRICS: AuthorityMetrics<Authority> = {
  prepare: ['ca', 'manager', 'jwt_key', 'prepare'],
  activate: ['manager', 'jwt_key', 'activate'],
};

/** X.509 CAs whose preparations and activations are counted, and whose end is shown. */
export function countX509Cas(
  kind: AuthorityKind<X509Ca>,
  trustDomain: TrustDomain,
  deps: CallCounterDeps,
): AuthorityKind<X509Ca> {
  const labels = { trust_domain_id: trustDomain.name };
  const names: AuthorityMetrics<X509Ca> = {
    prepare: ['ca', 'manager', 'x509_ca', 'prepare'],
    activate: ['ca', 'manager', 'x509_ca', 'activate'],
    onActivate: ({ notAfterSeconds }) => {
      const nowSeconds = deps.clock.nowMs() / 1000;
      deps.metrics.setGauge(['manager', 'x509_ca', 'rotate', 'expiration'], notAfterSeconds, labels);
      deps.metrics.setGauge(['manager', 'x509_ca', 'rotate', 'ttl'], notAfterSeconds - nowSeconds, labels);
    },
  };
  return countAuthority(kind, names, deps);
}

/** A kind of authority whose preparations and activations are counted. */
export function countAuthority<T extends Authority>(
  kind: AuthorityKind<T>,
  { prepare, activate, onActivate }: AuthorityMetrics<T>,
  deps: CallCounterDeps,
): AuthorityKind<T> {
  return {
    ...kind,
    create: (slotId) => countCall(deps, prepare, () => kind.create(slotId)),
    use: (authority) => {
      kind.use(authority);
      deps.metrics.incrementCounter(activate);
      onActivate?.(authority);
    },
  };
}
