import type { KeyObject } from 'node:crypto';
import type { Certificate } from '../crypto/certificate.ts';
import { CryptoError } from '../crypto/crypto-error.ts';
import { JsonNumber, JsonObject, type JsonValue, parseJson } from '../crypto/json.ts';
import { parseJwk, publicKeyToJwk } from '../crypto/jwk.ts';
import type { JwtBundleSource, X509BundleSource } from './bundle-source.ts';
import { SpiffeError } from './spiffe-error.ts';
import type { TrustDomain } from './trust-domain.ts';

/** What a {@link Bundle} is made from. */
export interface BundleContents {
  readonly x509Authorities?: readonly Certificate[];
  readonly jwtAuthorities?: ReadonlyMap<string, KeyObject>;
  readonly witAuthorities?: ReadonlyMap<string, KeyObject>;
  readonly sequenceNumber?: bigint | undefined;
  readonly refreshHint?: bigint | undefined;
}

/** The public keys that speak for a trust domain (SPIFFE Trust Domain and Bundle section 4). Make a new one to change it. */
export class Bundle implements X509BundleSource, JwtBundleSource {
  readonly trustDomain: TrustDomain;
  /** What verifies X509-SVIDs. */
  readonly x509Authorities: readonly Certificate[];
  /** What verifies JWT-SVIDs, by key ID. */
  readonly jwtAuthorities: ReadonlyMap<string, KeyObject>;
  /** What verifies WIT-SVIDs, by key ID; carried along only. */
  readonly witAuthorities: ReadonlyMap<string, KeyObject>;
  /** Grows with each change of the contents; 64 bits without sign. */
  readonly sequenceNumber: bigint | undefined;
  /** How often to look for a new bundle, in seconds. Unchecked: it may be zero, negative or huge. */
  readonly refreshHint: bigint | undefined;

  constructor(trustDomain: TrustDomain, contents: BundleContents = {}) {
    this.trustDomain = trustDomain;
    this.x509Authorities = contents.x509Authorities ?? [];
    this.jwtAuthorities = contents.jwtAuthorities ?? new Map();
    this.witAuthorities = contents.witAuthorities ?? new Map();
    this.sequenceNumber = contents.sequenceNumber;
    this.refreshHint = contents.refreshHint;
  }

  getX509Bundle(trustDomain: TrustDomain): readonly Certificate[] {
    if (this.trustDomain.equals(trustDomain)) return this.x509Authorities;
    throw new SpiffeError('not-found', `no X.509 bundle for trust domain "${trustDomain.name}"`);
  }

  findJwtBundle(trustDomain: TrustDomain): ReadonlyMap<string, KeyObject> | undefined {
    return this.trustDomain.equals(trustDomain) ? this.jwtAuthorities : undefined;
  }
}

/** Larger documents are refused unread; one with 300 keys has 50 KiB. */
const MAX_DOCUMENT_OCTETS = 16 * 1024 * 1024;

/** Values of a key's `use` (SPIFFE Trust Domain and Bundle section 4.2.2, WIT-SVID section 6.1); case counts. */
const Use = { x509: 'x509-svid', jwt: 'jwt-svid', wit: 'wit-svid' } as const;

/**
 * Reads a SPIFFE bundle document (SPIFFE Trust Domain and Bundle section 4). Keys of unknown `kty` or `use` and X.509 keys
 * without a certificate are skipped; a bundle without usable keys is valid and trusts nothing.
 *
 * @throws SpiffeError `invalid-bundle`
 */
export function parseBundleDocument(trustDomain: TrustDomain, document: Uint8Array | string): Bundle {
  return orInvalid(() => {
    const root = readDocument(document);
    const keys = root instanceof JsonObject ? readKeys(root) : undefined;
    // `keys` must be there, if empty (section 4.1.3).
    if (!(root instanceof JsonObject) || keys === undefined) throw invalid('no authorities found');
    // By their bytes: a document holds as many as its size allows, and each may come twice.
    const x509Authorities = new Map<string, Certificate>();
    const jwtAuthorities = new Map<string, KeyObject>();
    const witAuthorities = new Map<string, KeyObject>();
    for (const { use, kid, key, certificate } of keys.map(parseJwk)) {
      if (use === Use.x509) {
        if (certificate !== undefined)
          x509Authorities.set(Buffer.from(certificate.der).toString('latin1'), certificate);
      } else if (key !== undefined && (use === Use.jwt || use === Use.wit)) {
        if (kid === '') throw invalid('keyID cannot be empty');
        (use === Use.jwt ? jwtAuthorities : witAuthorities).set(kid, key);
      }
    }
    return new Bundle(trustDomain, {
      x509Authorities: [...x509Authorities.values()],
      jwtAuthorities,
      witAuthorities,
      sequenceNumber: readInteger(root, 'spiffe_sequence', 0n, 2n ** 64n),
      refreshHint: readInteger(root, 'spiffe_refresh_hint', -(2n ** 63n), 2n ** 63n),
    });
  });
}

/** Writes a SPIFFE bundle document as SPIRE prints it: indented by four spaces, no newline at the end. */
export function formatBundleDocument(bundle: Bundle): string {
  const keys: WrittenJwk[] = [];
  for (const certificate of bundle.x509Authorities) {
    const x5c = [Buffer.from(certificate.der).toString('base64')];
    keys.push({ use: Use.x509, ...publicKeyToJwk(certificate.publicKey), x5c });
  }
  for (const [kid, key] of bundle.jwtAuthorities) keys.push({ use: Use.jwt, ...withKeyId(kid, key) });
  for (const [kid, key] of bundle.witAuthorities) keys.push({ use: Use.wit, ...withKeyId(kid, key) });
  let members = `    "keys": ${indent(keys)}`;
  if (bundle.sequenceNumber !== undefined) members += `,\n    "spiffe_sequence": ${bundle.sequenceNumber}`;
  if (bundle.refreshHint !== undefined) members += `,\n    "spiffe_refresh_hint": ${bundle.refreshHint}`;
  return `{\n${members}\n}`;
}

/**
 * Reads the JWKS of a Workload API JWT bundle, whose keys have no `use`. Each key needs a `kid`; those with another
 * standard's `use` are then skipped (SPIFFE Workload API section 6.2.2).
 *
 * @returns a bundle with JWT authorities only
 * @throws SpiffeError `invalid-bundle`
 */
export function parseJwks(trustDomain: TrustDomain, document: Uint8Array | string): Bundle {
  return orInvalid(() => {
    const root = readDocument(document);
    if (root !== null && !(root instanceof JsonObject)) throw invalid('JWKS is not an object');
    const jwtAuthorities = new Map<string, KeyObject>();
    for (const { use, kid, key } of (root === null ? [] : (readKeys(root) ?? [])).map(parseJwk)) {
      if (key === undefined) continue;
      if (kid === '') throw invalid('keyID cannot be empty');
      if (use !== Use.x509 && use !== Use.wit) jwtAuthorities.set(kid, key);
    }
    return new Bundle(trustDomain, { jwtAuthorities });
  });
}

/** Writes the JWT authorities as the Workload API sends them: a JWKS without `use`, indented by four spaces. */
export function formatJwks(bundle: Bundle): string {
  const keys = [...bundle.jwtAuthorities].map(([kid, key]) => withKeyId(kid, key));
  return `{\n    "keys": ${indent(keys)}\n}`;
}

type WrittenJwk = Readonly<Record<string, string | readonly string[]>>;

/** `kid` stands behind `kty`, where go-jose puts it. */
function withKeyId(kid: string, key: KeyObject): WrittenJwk {
  const { kty, ...rest } = publicKeyToJwk(key);
  return { kty, kid, ...rest };
}

function indent(keys: readonly WrittenJwk[]): string {
  return JSON.stringify(keys, null, 4).replaceAll('\n', '\n    ');
}

function readDocument(document: Uint8Array | string): JsonValue {
  if (document.length > MAX_DOCUMENT_OCTETS) throw invalid('document is too large');
  return parseJson(document);
}

/** Undefined if there are none; null counts as none, which is how Go writes an empty list. */
function readKeys(root: JsonObject): readonly JsonValue[] | undefined {
  const keys = root.get('keys') ?? null;
  if (keys === null) return undefined;
  if (!Array.isArray(keys)) throw invalid('keys is not an array');
  return keys;
}

/** An integer written as one, from `low` to below `high`; undefined if absent or null. */
function readInteger(root: JsonObject, name: string, low: bigint, high: bigint): bigint | undefined {
  const value = root.get(name) ?? null;
  if (value === null) return undefined;
  const integer = value instanceof JsonNumber ? value.findInteger() : undefined;
  if (integer === undefined || integer < low || integer >= high) throw invalid(`${name} is not an integer in range`);
  return integer;
}

function orInvalid<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause;
    throw new SpiffeError('invalid-bundle', `unable to parse JWKS: ${cause.message}`, { cause });
  }
}

function invalid(what: string): SpiffeError {
  return new SpiffeError('invalid-bundle', what);
}
