import { Certificate } from '../../../../crypto/certificate.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import type { Logger } from '../../../../runtime/logger.ts';
import type { TrustDomain } from '../../../../spiffe/trust-domain.ts';
import type { X509Ca } from '../../../ca/authority.ts';
import type { RotatingAuthority } from '../../../ca/rotating-authority.ts';
import type { AuthorityStore, BundleStore } from '../../../datastore/bundle-store.ts';
import { fromStore } from '../../store-failure.ts';

/** What tainting and revoking the authorities above a server depends on. */
export interface UpstreamAuthoritiesDeps {
  readonly trustDomain: TrustDomain;
  readonly x509: RotatingAuthority<X509Ca>;
  readonly hasUpstream: boolean;
  readonly bundles: Pick<BundleStore, 'findBundle'> &
    Pick<AuthorityStore, 'taintX509Authority' | 'revokeX509Authority'>;
  readonly onTaintedRoot: (root: Certificate) => void;
}

/**
 * Has everything replaced that was signed below an upstream authority which signs for this server no more. Resolves with
 * its subject key identifier in lower case.
 *
 * Errors: `failed-precondition` without an upstream authority, `invalid-argument` for one that is in use or was never,
 * `internal`.
 */
export async function taintUpstream(deps: UpstreamAuthoritiesDeps, subjectKeyId: string, log: Logger): Promise<string> {
  const id = checkedKeyId(deps, subjectKeyId, 'provided subject key id is not valid');
  await fromStore('failed to taint upstream authority', deps.bundles.taintX509Authority(deps.trustDomain, id));
  const bundle = await fromStore('failed to notify tainted authority', deps.bundles.findBundle(deps.trustDomain));
  for (const { certificate } of bundle?.x509Authorities ?? []) {
    const root = Certificate.parse(certificate);
    if (Buffer.from(root.subjectKeyId ?? []).toString('hex') === id) deps.onTaintedRoot(root);
  }
  log.info('X.509 upstream authority tainted successfully', { subject_key_id: id });
  return id;
}

/**
 * Takes a tainted upstream authority out of the bundle. Resolves with its subject key identifier in lower case. Errors:
 * as {@link taintUpstream}.
 */
export async function revokeUpstream(
  deps: UpstreamAuthoritiesDeps,
  subjectKeyId: string,
  log: Logger,
): Promise<string> {
  const id = checkedKeyId(deps, subjectKeyId, 'invalid subject key ID');
  const revoked = deps.bundles.revokeX509Authority(deps.trustDomain, id);
  await fromStore('failed to revoke X.509 upstream authority', revoked);
  log.info('X.509 upstream authority successfully revoked', { subject_key_id: id });
  return id;
}

/** The sentences are SPIRE's. */
function checkedKeyId(
  { hasUpstream, x509: { current, next } }: UpstreamAuthoritiesDeps,
  subjectKeyId: string,
  sentence: string,
): string {
  if (!hasUpstream) throw new SpirekitError('failed-precondition', 'upstream authority is not configured');
  const id = subjectKeyId.toLowerCase();
  const refuse = (reason: string): never => {
    throw new SpirekitError('invalid-argument', `${sentence}: ${reason}`);
  };
  if (id === '') return refuse('no subject key ID provided');
  if (id === current.authority?.upstreamAuthorityId) {
    return refuse('unable to use upstream authority singing current authority');
  }
  if (id !== next.authority?.upstreamAuthorityId)
    return refuse("upstream authority didn't sign the old local authority");
  if (next.status === 'prepared') return refuse('only upstream authorities signing an old authority can be used');
  return id;
}
