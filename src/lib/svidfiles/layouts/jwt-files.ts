import type { FileNames } from '../file-names.ts';
import type { IdentityContents } from '../identity-contents.ts';
import type { FilePart } from '../identity-file.ts';

/** What JWT-SVIDs and JWT bundles are called beside any layout, unless a person says otherwise. */
export const JWT_NAMES: FileNames = {
  jwt: 'jwt_svid.{n}.token',
  'jwt-bundle': 'jwt_bundle.json',
  'federated-jwt-bundle': 'jwt_bundle.{td}.json',
};

/** A file for each token and for the keys of each trust domain, as JWKS. */
export function jwtParts({ jwtSvids = [], jwtBundles }: IdentityContents, ownTrustDomain: string): FilePart[] {
  const parts: FilePart[] = jwtSvids.map((token, n) => ({
    role: 'jwt',
    data: token,
    isSecret: true,
    n,
    m: 0,
    trustDomain: ownTrustDomain,
  }));
  const own = jwtBundles?.get(ownTrustDomain);
  const common = { isSecret: false, n: 0, m: 0 };
  if (own !== undefined) parts.push({ role: 'jwt-bundle', data: own, trustDomain: ownTrustDomain, ...common });
  const others = sortedByName(jwtBundles).filter(([name]) => name !== ownTrustDomain);
  for (const [m, [trustDomain, data]] of others.entries()) {
    parts.push({ role: 'federated-jwt-bundle', data, trustDomain, ...common, m });
  }
  return parts;
}

/** The same as spiffe-helper writes it: one JSON object with the JWKS of each trust domain in base64. */
export function helperJwtParts({ jwtSvids, jwtBundles }: IdentityContents, ownTrustDomain: string): FilePart[] {
  const parts = jwtParts({ x509: { svids: [], bundles: new Map() }, jwtSvids }, ownTrustDomain);
  if (jwtBundles === undefined) return parts;
  const encoded = sortedByName(jwtBundles).map(([name, jwks]) => [name, Buffer.from(jwks).toString('base64')] as const);
  const data = JSON.stringify(Object.fromEntries(encoded));
  return [...parts, { role: 'jwt-bundle', data, isSecret: false, n: 0, m: 0, trustDomain: ownTrustDomain }];
}

function sortedByName(bundles: ReadonlyMap<string, Uint8Array> | undefined): (readonly [string, Uint8Array])[] {
  return [...(bundles ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
}
