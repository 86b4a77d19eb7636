import type { Certificate } from '../../../../crypto/certificate.ts';
import type { CallContext, ServiceImplementation } from '../../../../rpc/call-context.ts';
import { prefixed, SpirekitError } from '../../../../runtime/errors.ts';
import type { Logger } from '../../../../runtime/logger.ts';
import type { TrustDomain } from '../../../../spiffe/trust-domain.ts';
import type { LocalAuthorityDefinition } from '../../../../wire/gen/spire/api/server/localauthority/v1/localauthority.ts';
import { callLogger } from '../../../authorization/call-logger.ts';
import type { JwtKey, X509Ca } from '../../../ca/authority.ts';
import type { RotatingAuthority } from '../../../ca/rotating-authority.ts';
import type { AuthorityStore, BundleStore } from '../../../datastore/bundle-store.ts';
import { fromStore } from '../../store-failure.ts';
import { activateNext, getOld, namedOnly, prepareNext, stateOf, statesOf } from './authority-slots.ts';
import { revokeUpstream, taintUpstream } from './upstream-authorities.ts';

/** What the local authority service depends on. */
export interface LocalAuthorityServiceDeps {
  readonly trustDomain: TrustDomain;
  readonly x509: RotatingAuthority<X509Ca>;
  /** Undefined where JWT-SVIDs are turned off. */
  readonly jwt: RotatingAuthority<JwtKey> | undefined;
  /** Whether the X.509 authorities are signed by an authority above this server. */
  readonly hasUpstream: boolean;
  readonly bundles: Pick<BundleStore, 'findBundle'> & AuthorityStore;
  /** Called when a root was tainted; the agents learn of it from the bundle. */
  readonly onTaintedRoot: (root: Certificate) => void;
}

/**
 * `spire.api.server.localauthority.v1.LocalAuthority`: the keys that this server signs with, rotated by hand. Roots are
 * tainted and revoked here: those of this server by its local authorities, those above it by their subject key.
 */
export function localAuthorityService(
  deps: LocalAuthorityServiceDeps,
): ServiceImplementation<typeof LocalAuthorityDefinition> {
  const { x509 } = deps;
  return {
    getX509AuthorityState: async () => statesOf(x509),
    prepareX509Authority: async () => ({ preparedAuthority: await prepareNext('X.509', x509) }),
    activateX509Authority: async ({ authorityId }) => ({ activatedAuthority: await activateNext(x509, authorityId) }),
    taintX509Authority: async ({ authorityId }, call) => {
      checkHasNoUpstream(deps, 'tainted');
      const old = getOld(x509, authorityId);
      const tainted = deps.bundles.taintX509Authority(deps.trustDomain, authorityId);
      await fromStore('failed to taint X.509 authority', tainted);
      deps.onTaintedRoot(old.certificate);
      logOf(call, authorityId).info('X.509 authority tainted successfully');
      return { taintedAuthority: stateOf(old) };
    },
    revokeX509Authority: async ({ authorityId }, call) => {
      checkHasNoUpstream(deps, 'revoked');
      checkRevocableX509(x509, authorityId);
      const revoked = deps.bundles.revokeX509Authority(deps.trustDomain, authorityId);
      await fromStore('failed to revoke X.509 authority', revoked);
      logOf(call, authorityId).info('X.509 authority revoked successfully');
      return { revokedAuthority: namedOnly(authorityId) };
    },
    taintX509UpstreamAuthority: async ({ subjectKeyId }, call) => ({
      upstreamAuthoritySubjectKeyId: await taintUpstream(deps, subjectKeyId, callLogger(call)),
    }),
    revokeX509UpstreamAuthority: async ({ subjectKeyId }, call) => ({
      upstreamAuthoritySubjectKeyId: await revokeUpstream(deps, subjectKeyId, callLogger(call)),
    }),

    getJWTAuthorityState: async () => statesOf(getJwt(deps)),
    prepareJWTAuthority: async () => ({ preparedAuthority: await prepareNext('JWT', getJwt(deps)) }),
    activateJWTAuthority: async ({ authorityId }) => ({
      activatedAuthority: await activateNext(getJwt(deps), authorityId),
    }),
    taintJWTAuthority: async ({ authorityId }, call) => {
      getOld(getJwt(deps), authorityId);
      const tainted = deps.bundles.taintKeyAuthority(deps.trustDomain, 'jwt', authorityId);
      await fromStore('failed to taint JWT authority', tainted);
      logOf(call, authorityId).info('JWT authority tainted successfully');
      return { taintedAuthority: namedOnly(authorityId) };
    },
    revokeJWTAuthority: async ({ authorityId }, call) => {
      await checkRevocableJwt(deps, getJwt(deps), authorityId);
      const revoked = deps.bundles.revokeKeyAuthority(deps.trustDomain, 'jwt', authorityId);
      await fromStore('failed to revoke JWT authority', revoked);
      logOf(call, authorityId).info('JWT authority revoked successfully');
      return { revokedAuthority: namedOnly(authorityId) };
    },

    getWITAuthorityState: refuseWit,
    prepareWITAuthority: refuseWit,
    activateWITAuthority: refuseWit,
    taintWITAuthority: refuseWit,
    revokeWITAuthority: refuseWit,
  };
}

function getJwt({ jwt }: LocalAuthorityServiceDeps): RotatingAuthority<JwtKey> {
  if (jwt === undefined) throw new SpirekitError('unimplemented', 'JWT functionality is disabled');
  return jwt;
}

function checkRevocableX509({ current, next }: RotatingAuthority<X509Ca>, authorityId: string): void {
  if (authorityId === '') throw notRevocable('no authority ID provided');
  if (authorityId === current.authority?.authorityId) throw notRevocable('unable to use current authority');
  if (authorityId !== next.authority?.authorityId || next.status !== 'old') {
    throw notRevocable('only Old local authority can be revoked');
  }
}

/** Any key of the bundle will do that this server does not sign with: those of lost servers have no slot here. */
async function checkRevocableJwt(
  { bundles, trustDomain }: LocalAuthorityServiceDeps,
  { current, next }: RotatingAuthority<JwtKey>,
  authorityId: string,
): Promise<void> {
  if (authorityId === '') throw notRevocable('no authority ID provided');
  if (authorityId === next.authority?.authorityId) {
    if (next.status === 'prepared') throw notRevocable('unable to use a prepared key');
    return;
  }
  if (authorityId === current.authority?.authorityId) throw notRevocable('unable to use current authority');
  let isKnown: boolean | undefined;
  try {
    isKnown = (await bundles.findBundle(trustDomain))?.jwtAuthorities.some(({ keyId }) => keyId === authorityId);
  } catch (error) {
    throw prefixed('invalid authority ID', error);
  }
  if (isKnown !== true) throw notRevocable('no JWT authority found with provided authority ID');
}

function notRevocable(reason: string): SpirekitError {
  return new SpirekitError('invalid-argument', `invalid authority ID: ${reason}`);
}

function checkHasNoUpstream({ hasUpstream }: LocalAuthorityServiceDeps, done: 'tainted' | 'revoked'): void {
  if (!hasUpstream) return;
  const sentence = `local authority can't be ${done} if there is an upstream authority`;
  throw new SpirekitError('failed-precondition', sentence);
}

async function refuseWit(): Promise<never> {
  throw new SpirekitError('unimplemented', 'WIT-SVID functionality is not yet implemented');
}

function logOf(call: CallContext, authorityId: string): Logger {
  return callLogger(call).with({ local_authority_id: authorityId });
}
