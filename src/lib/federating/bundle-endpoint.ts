import { Certificate } from '../crypto/certificate.ts';
import type { DocumentFetcher, FetchOptions } from '../fetch/document-fetcher.ts';
import type { Clock } from '../runtime/clock.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { goQuote } from '../runtime/go-quote.ts';
import type { AuthorityBundle } from '../spiffe/authority-bundle.ts';
import { parseAuthorityBundle } from '../spiffe/authority-bundle-document.ts';
import { endpointVerifier } from '../spiffe/bundle-endpoint-identity.ts';
import { acceptFederatedBundle } from '../spiffe/federated-bundle.ts';
import { SpiffeId } from '../spiffe/spiffe-id.ts';
import { TrustDomain } from '../spiffe/trust-domain.ts';
import type { FederationRelationship } from '../wire/gen/spire/api/types/federationrelationship.ts';

/** How a bundle endpoint proves who it is. */
export type EndpointProfile =
  | { readonly kind: 'https_web' }
  | {
      readonly kind: 'https_spiffe';
      readonly endpointId: SpiffeId;
      /** Of the trust domain of {@link endpointId}. */
      readonly bundle: AuthorityBundle;
    };

/** How much of an answer that is no bundle is told. */
const SHOWN_BYTES = 200;

/**
 * Asks a bundle endpoint for its document.
 *
 * @throws FetchError, SpirekitError `unavailable` for another status than 200, the signal's reason
 */
export async function fetchBundleDocument(
  fetcher: Pick<DocumentFetcher, 'fetch'>,
  url: string,
  profile: EndpointProfile,
  { clock, signal }: { readonly clock: Clock; readonly signal?: AbortSignal | undefined },
): Promise<Uint8Array> {
  const options: FetchOptions = {
    accept: 'application/json',
    signal,
    ...(profile.kind === 'https_spiffe' && {
      verifyServer: endpointVerifier(profile.endpointId, profile.bundle, () => clock.nowMs()),
    }),
  };
  const { status, body } = await fetcher.fetch(url, options);
  if (status === 200) return body;
  const said = Buffer.from(body.subarray(0, SHOWN_BYTES)).toString('utf8').trim();
  throw new SpirekitError('unavailable', `the bundle endpoint answered with status ${status}: ${goQuote(said)}`);
}

/**
 * The trust domain whose bundle a document is. The document does not say; its roots name it, if they name any.
 *
 * @throws SpirekitError `invalid-bundle` for none, `usage` if nothing names it
 */
export function trustDomainOf(document: Uint8Array): TrustDomain {
  const draft = parseAuthorityBundle(TrustDomain.parse('unknown'), document);
  const names = new Set<string>();
  for (const { certificate } of draft.x509Authorities) {
    for (const uri of Certificate.parse(certificate).uris) {
      if (uri.startsWith('spiffe://')) names.add(SpiffeId.parse(uri).trustDomain.name);
    }
  }
  const [name, ...others] = names;
  if (name === undefined) {
    throw new SpirekitError('usage', 'nothing in the bundle names its trust domain: give it by --trust-domain');
  }
  if (others.length > 0) {
    throw new SpirekitError('invalid-bundle', `the roots of the bundle name several trust domains: ${[...names]}`);
  }
  return TrustDomain.parse(name);
}

/**
 * Reads a bundle that is to be trusted from now on: like a refresh does, and it has to trust something.
 *
 * @throws SpirekitError `invalid-bundle`
 */
export function readJoinedBundle(trustDomain: TrustDomain, document: Uint8Array): AuthorityBundle {
  const bundle = acceptFederatedBundle(trustDomain, document, undefined);
  if (bundle.x509Authorities.length + bundle.jwtAuthorities.length === 0) {
    throw new SpirekitError('invalid-bundle', 'the bundle is refused: it trusts nothing');
  }
  return bundle;
}

/** The profile of a relationship in words. */
export function profileName({ bundleEndpointProfile }: FederationRelationship): 'https_web' | 'https_spiffe' | '' {
  switch (bundleEndpointProfile?.$case) {
    case 'httpsWeb':
      return 'https_web';
    case 'httpsSpiffe':
      return 'https_spiffe';
    case undefined:
      return '';
  }
}

/** The SPIFFE ID of the endpoint of a relationship; empty with `https_web`. */
export function endpointIdText({ bundleEndpointProfile }: FederationRelationship): string {
  return bundleEndpointProfile?.$case === 'httpsSpiffe' ? bundleEndpointProfile.value.endpointSpiffeId : '';
}
