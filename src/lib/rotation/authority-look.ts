import { bundleClient } from '../client/bundle-client.ts';
import { localAuthorityClient } from '../client/local-authority-client.ts';
import { Certificate } from '../crypto/certificate.ts';
import type { RpcClient } from '../rpc/client.ts';
import type { Clock } from '../runtime/clock.ts';
import type { AuthorityState } from '../wire/gen/spire/api/server/localauthority/v1/localauthority.ts';
import type { Bundle } from '../wire/gen/spire/api/types/bundle.ts';

/** What an authority signs: X509-SVIDs or JWT-SVIDs. */
export type AuthorityKind = 'x509' | 'jwt';

/** The slots of SPIRE's local authorities. */
export type AuthoritySlot = 'active' | 'prepared' | 'old';

/** An authority that stands in a slot of the server. Times are in milliseconds since the Unix epoch. */
export interface SlottedAuthority {
  readonly slot: AuthoritySlot;
  readonly authorityId: string;
  readonly expiresAtMs: number;
  /** Subject key of the root above that signed it; empty without one. */
  readonly upstreamAuthorityId: string;
}

/** An authority of the trust bundle. */
export interface BundledAuthority {
  /** Subject key in hex, or the id of a JWT key. */
  readonly authorityId: string;
  readonly isTainted: boolean;
  /** From its certificate, less the ten seconds that SPIRE dates it back; keys have no such time. */
  readonly madeAtMs: number | undefined;
  readonly expiresAtMs: number;
}

/** The authorities of one kind as the server has them now. */
export interface AuthorityLook {
  readonly kind: AuthorityKind;
  readonly trustDomain: string;
  /** By the clock here. */
  readonly atMs: number;
  readonly slots: readonly SlottedAuthority[];
  readonly bundle: readonly BundledAuthority[];
  /** How often others are asked to look for changes of the bundle, in seconds; 0 if nothing is said. */
  readonly refreshHintSeconds: number;
  /** The shortest life of a root in the bundle, in milliseconds: JWT keys are made for as long. Undefined without roots. */
  readonly shortestRootLifeMs: number | undefined;
}

/** SPIRE dates CA certificates back by so much; so do servers of ours. */
const BACKDATE_MS = 10_000;

/**
 * Reads the slots and the bundle.
 *
 * @throws RpcError, SpirekitError `invalid-certificate` for a root that cannot be read
 */
export async function lookAtAuthorities(
  rpc: RpcClient,
  kind: AuthorityKind,
  { clock, signal }: { readonly clock: Clock; readonly signal?: AbortSignal | undefined },
): Promise<AuthorityLook> {
  const authorities = localAuthorityClient(rpc);
  const state = await (kind === 'x509'
    ? authorities.getX509AuthorityState({}, { signal })
    : authorities.getJWTAuthorityState({}, { signal }));
  const bundle = await bundleClient(rpc).getBundle({ outputMask: undefined }, { signal });
  const roots = bundle.x509Authorities.map(({ asn1, tainted }) => ({ certificate: Certificate.parse(asn1), tainted }));
  const lives = roots.map(({ certificate }) => certificate.notAfterMs - certificate.notBeforeMs - BACKDATE_MS);
  return {
    kind,
    trustDomain: bundle.trustDomain.replace(/^spiffe:\/\//, ''),
    atMs: clock.nowMs(),
    slots: (['active', 'prepared', 'old'] as const).flatMap((slot) => slotted(slot, state[slot])),
    bundle: kind === 'x509' ? roots.map(bundledRoot) : bundle.jwtAuthorities.map(bundledKey),
    refreshHintSeconds: Number(bundle.refreshHint),
    shortestRootLifeMs: lives.length === 0 ? undefined : Math.min(...lives),
  };
}

function slotted(slot: AuthoritySlot, state: AuthorityState | undefined): SlottedAuthority[] {
  if (state === undefined || state.authorityId === '') return [];
  return [
    {
      slot,
      authorityId: state.authorityId,
      expiresAtMs: Number(state.expiresAt) * 1000,
      upstreamAuthorityId: state.upstreamAuthoritySubjectKeyId,
    },
  ];
}

function bundledRoot({ certificate, tainted }: { certificate: Certificate; tainted: boolean }): BundledAuthority {
  return {
    authorityId: Buffer.from(certificate.subjectKeyId ?? []).toString('hex'),
    isTainted: tainted,
    madeAtMs: certificate.notBeforeMs + BACKDATE_MS,
    expiresAtMs: certificate.notAfterMs,
  };
}

function bundledKey({ keyId, tainted, expiresAt }: Bundle['jwtAuthorities'][number]): BundledAuthority {
  return { authorityId: keyId, isTainted: tainted, madeAtMs: undefined, expiresAtMs: Number(expiresAt) * 1000 };
}
