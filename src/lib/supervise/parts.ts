import { createHash, type Hash } from 'node:crypto';
import type { Certificate } from '../crypto/certificate.ts';
import { privateKeyToPkcs8 } from '../crypto/key.ts';
import type { X509Svid } from '../spiffe/x509-svid.ts';

/** What may change by itself: certificate and key, tokens, and what peers are verified with. */
export type Part = 'x509' | 'jwt' | 'bundle';

export const PARTS: readonly Part[] = ['x509', 'jwt', 'bundle'];

/** A digest of each part: equal where nothing that matters has changed. */
export type PartDigests = Readonly<Record<Part, string>>;

/** What is kept. */
export interface Kept {
  /** Those that are meant. */
  readonly svids: readonly X509Svid[];
  readonly bundles: ReadonlyMap<string, readonly Certificate[]>;
  /** Tokens. */
  readonly jwtSvids: readonly string[];
  /** JWK sets by trust domain. */
  readonly jwtBundles: ReadonlyMap<string, Uint8Array> | undefined;
}

/** Digests that do not depend on the order of what has none: agents shuffle trust domains, and keys of JWTs. */
export function digestParts({ svids, bundles, jwtSvids, jwtBundles }: Kept): PartDigests {
  const x509 = createHash('sha256');
  for (const { id, hint, certificates, privateKey } of svids) {
    add(x509, `${id}`, hint, ...certificates.map(({ der }) => der), privateKeyToPkcs8(privateKey));
  }
  const bundle = createHash('sha256');
  for (const [name, certificates] of inOrder(bundles)) add(bundle, name, ...certificates.map(({ der }) => der));
  for (const [name, jwks] of inOrder(jwtBundles ?? new Map())) add(bundle, name, ...keysInOrder(jwks));
  const jwt = createHash('sha256');
  add(jwt, ...jwtSvids);
  return { x509: x509.digest('hex'), jwt: jwt.digest('hex'), bundle: bundle.digest('hex') };
}

/** Which parts differ; all that there are if there was nothing before. */
export function changedParts(before: PartDigests | undefined, after: PartDigests): Part[] {
  return PARTS.filter((part) => (before?.[part] ?? DIGEST_OF_NOTHING) !== after[part]);
}

const DIGEST_OF_NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** Each with its length, so that nothing runs into its neighbour. */
function add(hash: Hash, ...values: readonly (string | Uint8Array)[]): void {
  for (const value of values) {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    hash.update(`${bytes.length}:`).update(bytes);
  }
}

/** The keys of a JWK set, each as text; the whole text if it is none. */
function keysInOrder(jwks: Uint8Array): string[] {
  const text = Buffer.from(jwks).toString();
  try {
    const parsed: unknown = JSON.parse(text);
    const keys = typeof parsed === 'object' && parsed !== null && 'keys' in parsed ? parsed.keys : undefined;
    if (Array.isArray(keys)) return keys.map((key) => JSON.stringify(key)).sort();
  } catch {
    // What reads it says what is wrong with it.
  }
  return [text];
}

function inOrder<T>(entries: ReadonlyMap<string, T>): (readonly [string, T])[] {
  return [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
}
