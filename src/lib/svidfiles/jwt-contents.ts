import { prefixed, SpirekitError } from '../runtime/errors.ts';
import { goQuote } from '../runtime/go-quote.ts';
import { type Bundle, parseJwks } from '../spiffe/bundle.ts';
import { BundleSet } from '../spiffe/bundle-set.ts';
import { parseJwtSvid } from '../spiffe/jwt-svid.ts';
import { SpiffeId } from '../spiffe/spiffe-id.ts';
import type { JWTBundlesResponse } from '../wire/gen/workload.ts';
import { chooseIdentity, type Identified, type IdentityChoice } from '../workloadapi/choose-identity.ts';
import type { WorkloadApiClient, WorkloadCallOptions } from '../workloadapi/client.ts';

/** A JWT-SVID as a file holds it. */
export interface FetchedToken {
  /** In compact serialization. */
  readonly token: string;
  /** Milliseconds since the Unix epoch. */
  readonly expiresAtMs: number;
}

/** The JWT bundles of an answer: documents to write, and what verifies tokens. */
export interface JwtBundleContents {
  /** By the name of the trust domain. */
  readonly documents: ReadonlyMap<string, Uint8Array>;
  readonly bundles: BundleSet;
}

/** @throws SpirekitError `invalid-bundle`, `invalid-trust-domain` */
export function readJwtBundles({ bundles }: JWTBundlesResponse): JwtBundleContents {
  const documents = new Map<string, Uint8Array>();
  const parsed: Bundle[] = [];
  for (const [id, jwks] of Object.entries(bundles)) {
    const { trustDomain } = SpiffeId.parse(id);
    parsed.push(parseJwks(trustDomain, jwks));
    documents.set(trustDomain.name, jwks);
  }
  return { documents, bundles: new BundleSet(parsed) };
}

/**
 * Fetches a JWT-SVID of an identity and verifies it: what does not verify must not take the place of one that does.
 *
 * @throws SpirekitError `no-identity`, `invalid-jwt-svid` and what calls of the Workload API are refused with
 */
export async function fetchToken(
  client: WorkloadApiClient,
  wanted: { readonly identity: Identified; readonly choice: IdentityChoice; readonly audience: readonly string[] },
  options: WorkloadCallOptions & { readonly bundles: BundleSet; readonly nowMs: () => number },
): Promise<FetchedToken> {
  const { identity, audience } = wanted;
  const { svids } = await client.fetchJwtSvid({ audience, spiffeId: identity.id.toString() }, options);
  const granted = svids.map(({ spiffeId, hint, svid }) => ({ id: SpiffeId.parse(spiffeId), hint, svid }));
  const { hint } = wanted.choice;
  const { svid } = chooseIdentity(granted, { spiffeId: identity.id, hint });
  try {
    const { token, id, ...read } = await parseJwtSvid(svid, audience, options.bundles, { nowMs: options.nowMs() });
    if (!id.equals(identity.id)) throw new SpirekitError('invalid-jwt-svid', `it is of ${id}`);
    const missing = audience.find((one) => !read.audience.includes(one));
    if (missing !== undefined) throw new SpirekitError('invalid-jwt-svid', `it lacks the audience ${goQuote(missing)}`);
    return { token, expiresAtMs: read.expiry.getTime() };
  } catch (error) {
    throw prefixed(`the JWT-SVID of ${identity.id} does not verify`, error);
  }
}
