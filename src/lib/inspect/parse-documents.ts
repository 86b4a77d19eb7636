import type { KeyObject } from 'node:crypto';
import { createPublicKey } from 'node:crypto';
import { Certificate } from '../crypto/certificate.ts';
import { JsonObject, parseJson } from '../crypto/json.ts';
import { parsePkcs8, publicKeyDer } from '../crypto/key.ts';
import { type PemBlock, pemDecodeAll } from '../crypto/pem.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { type Bundle, parseBundleDocument, parseJwks } from '../spiffe/bundle.ts';
import { SpiffeId, TrustDomain } from '../spiffe/spiffe-id.ts';
import type { BundleDocument, BundleForm, ChainDocument, Document, Purpose } from './document.ts';

/** How bytes are written; `auto` looks at them. */
export type DocumentFormat = 'auto' | 'pem' | 'der' | 'jwt' | 'jwks' | 'spiffe';

/** What is known about bytes before they are looked at. */
export interface DocumentOptions {
  readonly purpose: Purpose;
  /** `auto` by default. */
  readonly format?: DocumentFormat | undefined;
  /** Of a bundle that does not name its own. */
  readonly trustDomain?: TrustDomain | undefined;
}

/** What bytes hold. Keys are there to be matched with leaves and go nowhere else. */
export interface ParsedDocuments {
  readonly documents: readonly Document[];
  readonly privateKeys: readonly KeyObject[];
}

/** Stands for the trust domain of a bundle that names none, until somebody says which it is. */
const NAMELESS = TrustDomain.parse('unnamed');

/** JSON without a known member is no bundle, but its reader says best what is missing. */
const BUNDLE_MEMBERS = ['spiffe_sequence', 'spiffe_refresh_hint'] as const;

/**
 * Reads bytes as whatever they are: PEM or DER certificates, a token, a SPIFFE bundle or a JWKS. What cannot be read comes
 * out as `unreadable` with the reason. Never throws for the sake of the bytes.
 */
export function parseDocuments(name: string, bytes: Uint8Array, options: DocumentOptions): ParsedDocuments {
  const format = detect(bytes, options);
  try {
    switch (format) {
      case 'pem':
        return readPem(name, bytes, options);
      case 'der':
        return withoutKeys(certificatesAs(name, Certificate.parseAll(bytes), 'der', options));
      case 'jwt':
        return withoutKeys({ kind: 'token', name, token: Buffer.from(bytes).toString('utf8'), hint: '' });
      case 'jwks':
      case 'spiffe':
        return withoutKeys(bundleDocument(name, readBundle(bytes, format, options), format, options.trustDomain));
      case 'nothing':
        throw new SpirekitError('invalid-encoding', nothingKnown(bytes));
    }
  } catch (error) {
    if (!(error instanceof SpirekitError)) throw error;
    const takenFor = format === 'jwt' ? 'token' : options.purpose === 'bundle' || isJson(format) ? 'bundle' : 'x509';
    return withoutKeys({ kind: 'unreadable', name, takenFor, error });
  }
}

/** Puts the keys that were found to the chains whose leaf they are of. */
export function matchKeys(documents: readonly Document[], privateKeys: readonly KeyObject[]): Document[] {
  if (privateKeys.length === 0) return [...documents];
  const known = new Set(privateKeys.map((key) => hexOf(publicKeyDer(createPublicKey(key)))));
  const chains = documents.filter((document) => document.kind === 'chain').length;
  return documents.map((document): Document => {
    if (document.kind !== 'chain') return document;
    const isKnown = known.has(hexOf(document.certificates[0]?.publicKeyDer ?? new Uint8Array()));
    // Among several chains a key that is not this one's may well be another's.
    return isKnown ? { ...document, key: 'matches' } : chains === 1 ? { ...document, key: 'differs' } : document;
  });
}

/** The trust domain that an authority names; undefined for those without a SPIFFE ID. */
export function findTrustDomain(authorities: readonly Certificate[]): TrustDomain | undefined {
  const names = new Set<string>();
  for (const { uris } of authorities) {
    for (const uri of uris) {
      try {
        names.add(SpiffeId.parse(uri).trustDomain.name);
      } catch (error) {
        if (!(error instanceof SpirekitError)) throw error;
      }
    }
  }
  const [only, ...others] = names;
  return only === undefined || others.length > 0 ? undefined : TrustDomain.parse(only);
}

function detect(
  bytes: Uint8Array,
  { format = 'auto', purpose }: DocumentOptions,
): Exclude<DocumentFormat, 'auto'> | 'nothing' {
  if (format !== 'auto') return format;
  const start = Buffer.from(bytes.subarray(0, 4096)).toString('latin1');
  if (bytes[0] === 0x30 && /[^\x09\x0a\x0d\x20-\x7e]/.test(start)) return 'der';
  if (Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes('-----BEGIN ')) return 'pem';
  const text = start.trimStart();
  if (purpose === 'svid') return text.startsWith('{') || text.includes('.') ? 'jwt' : 'nothing';
  if (text.startsWith('{')) return isSpiffeBundle(bytes) ? 'spiffe' : 'jwks';
  if (purpose === 'any' && /^ey[\w-]*\.[\w-]*\.[\w-]*\s*$/.test(start)) return 'jwt';
  return purpose === 'bundle' && text !== '' ? 'spiffe' : 'nothing';
}

/** The document of a bundle endpoint, other than a JWKS of the Workload API, says what each key is for. */
function isSpiffeBundle(bytes: Uint8Array): boolean {
  try {
    const root = parseJson(bytes);
    if (!(root instanceof JsonObject)) return true;
    if (BUNDLE_MEMBERS.some((member) => root.get(member) !== undefined)) return true;
    const keys = root.get('keys');
    if (!Array.isArray(keys) || keys.length === 0) return true;
    return keys.some((key) => key instanceof JsonObject && typeof key.get('use') === 'string');
  } catch (error) {
    if (!(error instanceof SpirekitError)) throw error;
    return true;
  }
}

function readPem(name: string, bytes: Uint8Array, options: DocumentOptions): ParsedDocuments {
  const blocks = pemDecodeAll(bytes);
  const certificates = blocks.filter(({ label }) => label === 'CERTIFICATE').map(({ der }) => Certificate.parse(der));
  const privateKeys = blocks.flatMap(findPrivateKey);
  if (certificates.length === 0) {
    if (privateKeys.length > 0 && options.purpose === 'any') return { documents: [], privateKeys };
    throw new SpirekitError('invalid-encoding', 'no certificates found');
  }
  return { documents: [certificatesAs(name, certificates, 'pem', options)], privateKeys };
}

function findPrivateKey({ label, der }: PemBlock): KeyObject[] {
  if (label !== 'PRIVATE KEY') return [];
  try {
    return [parsePkcs8(der)];
  } catch (error) {
    if (!(error instanceof SpirekitError)) throw error;
    return [];
  }
}

function certificatesAs(
  name: string,
  certificates: readonly Certificate[],
  form: BundleForm,
  { purpose, trustDomain }: DocumentOptions,
): ChainDocument | BundleDocument {
  if (certificates.length === 0) throw new SpirekitError('invalid-encoding', 'no certificates found');
  const isBundle = purpose === 'bundle' || (purpose === 'any' && certificates.every(({ isCa }) => isCa));
  if (!isBundle) return { kind: 'chain', name, certificates, key: 'absent', hint: '' };
  return {
    kind: 'bundle',
    name,
    trustDomain: trustDomain ?? findTrustDomain(certificates),
    form,
    x509Authorities: onceEach(certificates).map((certificate) => ({ certificate, isTainted: false })),
    jwtAuthorities: [],
    witAuthorities: [],
    sequenceNumber: undefined,
    refreshHint: undefined,
  };
}

/** Files that were put together have some authorities twice. */
function onceEach(certificates: readonly Certificate[]): Certificate[] {
  return [...new Map(certificates.map((each) => [Buffer.from(each.der).toString('latin1'), each])).values()];
}

function readBundle(bytes: Uint8Array, format: 'jwks' | 'spiffe', { trustDomain = NAMELESS }: DocumentOptions): Bundle {
  return format === 'spiffe' ? parseBundleDocument(trustDomain, bytes) : parseJwks(trustDomain, bytes);
}

function bundleDocument(
  name: string,
  bundle: Bundle,
  form: BundleForm,
  trustDomain: TrustDomain | undefined,
): BundleDocument {
  const keys = (map: ReadonlyMap<string, KeyObject>) =>
    [...map].map(([keyId, key]) => ({ keyId, key, expiresAtMs: undefined, isTainted: false }));
  return {
    kind: 'bundle',
    name,
    trustDomain: trustDomain ?? findTrustDomain(bundle.x509Authorities),
    form,
    x509Authorities: bundle.x509Authorities.map((certificate) => ({ certificate, isTainted: false })),
    jwtAuthorities: keys(bundle.jwtAuthorities),
    witAuthorities: keys(bundle.witAuthorities),
    sequenceNumber: bundle.sequenceNumber,
    refreshHint: bundle.refreshHint,
  };
}

function nothingKnown(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'it is empty';
  return 'it is neither a certificate (PEM or DER) nor a token nor a bundle';
}

function isJson(format: string): boolean {
  return format === 'jwks' || format === 'spiffe';
}

function withoutKeys(document: Document): ParsedDocuments {
  return { documents: [document], privateKeys: [] };
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
