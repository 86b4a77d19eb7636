import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { Certificate } from '../crypto/certificate.ts';
import { parsePkcs8, privateKeyToPkcs8, publicKeyDer } from '../crypto/key.ts';
import {
  JWTBundlesResponse,
  JWTSVIDResponse,
  ValidateJWTSVIDResponse,
  X509BundlesResponse,
  X509SVIDResponse,
} from '../wire/gen/workload.ts';
import type { FreshKeys } from './fresh-keys.ts';
import type { RecordedAnswer, RecordedCertificates, RecordedJwks, RecordedKey } from './recorded-answer.ts';

/** An answer as it came, but for its keys, which are looked at and left behind. What else is in it is still real. */
export function x509SvidsFromWire({ svids, federatedBundles }: X509SVIDResponse): RecordedAnswer {
  return {
    kind: 'x509_svids',
    svids: svids.map((svid) => {
      const certificates = certificatesFromWire(svid.x509Svid);
      return {
        spiffe_id: svid.spiffeId,
        certificates,
        key: compareKey(svid.x509SvidKey, certificates),
        bundle: certificatesFromWire(svid.bundle),
        hint: svid.hint,
      };
    }),
    federated_bundles: mapValues(federatedBundles, certificatesFromWire),
  };
}

export function x509BundlesFromWire({ bundles }: X509BundlesResponse): RecordedAnswer {
  return { kind: 'x509_bundles', bundles: mapValues(bundles, certificatesFromWire) };
}

export function jwtSvidsFromWire({ svids }: JWTSVIDResponse): RecordedAnswer {
  return {
    kind: 'jwt_svids',
    svids: svids.map(({ spiffeId, svid, hint }) => ({ spiffe_id: spiffeId, token: svid, hint })),
  };
}

export function jwtBundlesFromWire({ bundles }: JWTBundlesResponse): RecordedAnswer {
  return { kind: 'jwt_bundles', bundles: mapValues(bundles, jwksFromBytes) };
}

export function jwtValidationFromWire({ spiffeId, claims }: ValidateJWTSVIDResponse): RecordedAnswer {
  return { kind: 'jwt_validation', spiffe_id: spiffeId, claims: claims ?? {} };
}

/** A recorded answer as it goes over the wire, each SVID with the fresh key of its certificate. */
export async function x509SvidsToWire(
  { svids, federated_bundles }: RecordedAnswer & { kind: 'x509_svids' },
  keys: FreshKeys,
): Promise<X509SVIDResponse> {
  const made = [];
  for (const svid of svids) {
    made.push({
      spiffeId: svid.spiffe_id,
      x509Svid: certificatesToWire(svid.certificates),
      x509SvidKey: await keyBytes(svid.key, svid.certificates, keys),
      bundle: certificatesToWire(svid.bundle),
      hint: svid.hint,
    });
  }
  return X509SVIDResponse.create({ svids: made, federatedBundles: mapValues(federated_bundles, certificatesToWire) });
}

export function x509BundlesToWire({ bundles }: RecordedAnswer & { kind: 'x509_bundles' }): X509BundlesResponse {
  return X509BundlesResponse.create({ bundles: mapValues(bundles, certificatesToWire) });
}

export function jwtSvidsToWire({ svids }: RecordedAnswer & { kind: 'jwt_svids' }): JWTSVIDResponse {
  const made = svids.map(({ spiffe_id, token, hint }) => ({ spiffeId: spiffe_id, svid: token, hint }));
  return JWTSVIDResponse.create({ svids: made });
}

export function jwtBundlesToWire({ bundles }: RecordedAnswer & { kind: 'jwt_bundles' }): JWTBundlesResponse {
  return JWTBundlesResponse.create({ bundles: mapValues(bundles, jwksToBytes) });
}

export function jwtValidationToWire({
  spiffe_id,
  claims,
}: RecordedAnswer & { kind: 'jwt_validation' }): ValidateJWTSVIDResponse {
  return ValidateJWTSVIDResponse.create({ spiffeId: spiffe_id, claims: { ...claims } });
}

function certificatesFromWire(der: Uint8Array): RecordedCertificates {
  try {
    return Certificate.parseAll(der).map((certificate) => Buffer.from(certificate.der).toString('base64'));
  } catch {
    return { malformed_bytes: der.length };
  }
}

function certificatesToWire(recorded: RecordedCertificates): Uint8Array {
  if ('malformed_bytes' in recorded) return randomBytes(recorded.malformed_bytes);
  return Buffer.concat(recorded.map((text) => Buffer.from(text, 'base64')));
}

function leafOf(recorded: RecordedCertificates): Certificate | undefined {
  if ('malformed_bytes' in recorded) return undefined;
  const [leaf] = recorded;
  return leaf === undefined ? undefined : Certificate.parse(Buffer.from(leaf, 'base64'));
}

function compareKey(pkcs8: Uint8Array, certificates: RecordedCertificates): RecordedKey {
  let key: KeyObject;
  try {
    key = parsePkcs8(pkcs8);
  } catch {
    return 'unreadable';
  }
  const leaf = leafOf(certificates);
  const isOwn = leaf !== undefined && Buffer.compare(publicKeyDer(createPublicKey(key)), leaf.publicKeyDer) === 0;
  return isOwn ? 'matches' : 'differs';
}

async function keyBytes(kind: RecordedKey, certificates: RecordedCertificates, keys: FreshKeys): Promise<Uint8Array> {
  if (kind === 'unreadable') return randomBytes(32);
  const leaf = kind === 'matches' ? leafOf(certificates) : undefined;
  const key = leaf && keys.findMade(leaf.publicKeyDer);
  return privateKeyToPkcs8(key ?? generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey);
}

function jwksFromBytes(bytes: Uint8Array): RecordedJwks {
  const text = Buffer.from(bytes).toString('utf8');
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : text;
  } catch {
    return text;
  }
}

function jwksToBytes(jwks: RecordedJwks): Uint8Array {
  return Buffer.from(typeof jwks === 'string' ? jwks : JSON.stringify(jwks), 'utf8');
}

function mapValues<T, R>(record: Readonly<Record<string, T>>, map: (value: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
