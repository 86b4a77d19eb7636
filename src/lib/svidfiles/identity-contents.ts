import type { Certificate } from '../crypto/certificate.ts';
import { prefixed, SpirekitError } from '../runtime/errors.ts';
import type { TrustDomain } from '../spiffe/trust-domain.ts';
import { verifyX509Svid, type X509Svid } from '../spiffe/x509-svid.ts';
import { chooseIdentities, chooseIdentity, type IdentityChoice } from '../workloadapi/choose-identity.ts';
import type { X509Context } from '../workloadapi/x509-context.ts';

/** What a workload was given, of which files are made. */
export interface IdentityContents {
  readonly x509: X509Context;
  /** Tokens in compact serialization, in the order of the audiences that were asked for. */
  readonly jwtSvids?: readonly string[] | undefined;
  /** JWKS documents as the Workload API sends them, by the name of the trust domain. */
  readonly jwtBundles?: ReadonlyMap<string, Uint8Array> | undefined;
}

/**
 * The identities that are meant, each verified against the bundle that came with it: what does not verify for its owner
 * does not verify for anybody, and must not take the place of files that do.
 *
 * @throws SpirekitError `no-identity` if none is meant, `invalid-x509-svid` or `invalid-bundle` for one that fails
 */
export function verifiedIdentities(
  { svids, bundles }: X509Context,
  choice: IdentityChoice,
  options: { readonly nowMs: number; readonly onlyFirst: boolean },
): X509Svid[] {
  const chosen = options.onlyFirst ? [chooseIdentity(svids, choice)] : chooseIdentities(svids, choice);
  const source = { getX509Bundle: (trustDomain: TrustDomain) => bundleOf(bundles, trustDomain.name) };
  for (const { id, certificates } of chosen) {
    try {
      verifyX509Svid(certificates, source, options);
    } catch (error) {
      throw prefixed(`the SVID of ${id} does not verify against its bundle`, error);
    }
  }
  return chosen;
}

/** @throws SpirekitError `invalid-bundle` for a trust domain without one */
export function bundleOf(
  bundles: ReadonlyMap<string, readonly Certificate[]>,
  trustDomain: string,
): readonly Certificate[] {
  const bundle = bundles.get(trustDomain) ?? [];
  if (bundle.length > 0) return bundle;
  throw new SpirekitError('invalid-bundle', `no certificates in the bundle of trust domain "${trustDomain}"`);
}
