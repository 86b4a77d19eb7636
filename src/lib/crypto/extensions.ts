import { CryptoError } from './crypto-error.ts';
import { DerReader } from './der/reader.ts';
import { contextPrimitive, Tag } from './der/tags.ts';
import {
  derBitString,
  derBoolean,
  derImplicit,
  derInteger,
  derOctetString,
  derOid,
  derSequence,
} from './der/writer.ts';
import { Oid } from './oids.ts';

/** The bits of the key usage extension, in their order (RFC 5280 section 4.2.1.3). */
export const KEY_USAGES = [
  'digitalSignature',
  'contentCommitment',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;
export type KeyUsage = (typeof KEY_USAGES)[number];

/** The extended key usages that have a name here (RFC 5280 section 4.2.1.12). */
export type ExtendedKeyUsage =
  | 'any'
  | 'serverAuth'
  | 'clientAuth'
  | 'codeSigning'
  | 'emailProtection'
  | 'timeStamping'
  | 'OCSPSigning';

const EXTENDED_KEY_USAGE_OIDS: Readonly<Record<ExtendedKeyUsage, string>> = {
  any: Oid.anyExtendedKeyUsage,
  serverAuth: Oid.serverAuth,
  clientAuth: Oid.clientAuth,
  codeSigning: Oid.codeSigning,
  emailProtection: Oid.emailProtection,
  timeStamping: Oid.timeStamping,
  OCSPSigning: Oid.ocspSigning,
};
const EXTENDED_KEY_USAGE_NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries(EXTENDED_KEY_USAGE_OIDS).map(([name, oid]) => [oid, name]),
);

/** One extension as it stands in a certificate or request (RFC 5280 section 4.2). */
export interface Extension {
  readonly oid: string;
  readonly isCritical: boolean;
  /** The contents of its octet string. */
  readonly value: Uint8Array;
}

/** More extensions than any certificate has; a bound on work. */
const MAX_EXTENSIONS = 64;

/** Reads a sequence of extensions; the same one twice is an error (RFC 5280 section 4.2). */
export function parseExtensions(sequence: DerReader): ReadonlyMap<string, Extension> {
  const extensions = new Map<string, Extension>();
  while (!sequence.isAtEnd) {
    const reader = sequence.readSequence();
    const oid = reader.readOid();
    const isCritical = reader.peekTag() === Tag.boolean && reader.readBoolean();
    const value = reader.readOctetString();
    reader.end();
    if (extensions.has(oid)) throw new CryptoError('invalid-encoding', `extension ${oid} twice`);
    if (extensions.size === MAX_EXTENSIONS) throw new CryptoError('invalid-encoding', 'too many extensions');
    extensions.set(oid, { oid, isCritical, value });
  }
  return extensions;
}

export function encodeExtension({ oid, isCritical, value }: Extension): Buffer {
  return isCritical
    ? derSequence(derOid(oid), derBoolean(true), derOctetString(value))
    : derSequence(derOid(oid), derOctetString(value));
}

export function parseKeyUsage(value: Uint8Array): ReadonlySet<KeyUsage> {
  const reader = new DerReader(value);
  const { bytes } = reader.readBitString();
  reader.end();
  return new Set(KEY_USAGES.filter((_, bit) => ((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0));
}

export function encodeKeyUsage(usages: readonly KeyUsage[]): Buffer {
  const bytes = [0, 0];
  let lastBit = 0;
  for (const [bit, usage] of KEY_USAGES.entries()) {
    if (!usages.includes(usage)) continue;
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
    lastBit = bit;
  }
  // A named bit list leaves out the zero bits at its end (X.690 section 11.2.2).
  return derBitString(Uint8Array.from(bytes.slice(0, (lastBit >> 3) + 1)), 7 - (lastBit & 7));
}

/** Names of known usages, dotted identifiers of others. */
export function parseExtendedKeyUsage(value: Uint8Array): string[] {
  const outer = new DerReader(value);
  const sequence = outer.readSequence();
  outer.end();
  const usages: string[] = [];
  while (!sequence.isAtEnd) {
    const oid = sequence.readOid();
    usages.push(EXTENDED_KEY_USAGE_NAMES.get(oid) ?? oid);
  }
  return usages;
}

export function encodeExtendedKeyUsage(usages: readonly ExtendedKeyUsage[]): Buffer {
  return derSequence(...usages.map((usage) => derOid(EXTENDED_KEY_USAGE_OIDS[usage])));
}

/** Basic constraints (RFC 5280 section 4.2.1.9). */
export interface BasicConstraints {
  readonly isCa: boolean;
  readonly pathLength: number | undefined;
}

export function parseBasicConstraints(value: Uint8Array): BasicConstraints {
  const outer = new DerReader(value);
  const sequence = outer.readSequence();
  outer.end();
  const isCa = sequence.peekTag() === Tag.boolean && sequence.readBoolean();
  const pathLength = sequence.isAtEnd ? undefined : sequence.readSmallInteger();
  sequence.end();
  return { isCa, pathLength };
}

export function encodeBasicConstraints({ isCa, pathLength }: BasicConstraints): Buffer {
  if (!isCa) return derSequence();
  return pathLength === undefined
    ? derSequence(derBoolean(true))
    : derSequence(derBoolean(true), derInteger(pathLength));
}

export function parseSubjectKeyId(extension: Extension): Uint8Array {
  if (extension.isCritical) throw new CryptoError('invalid-encoding', 'subject key identifier marked critical');
  const reader = new DerReader(extension.value);
  const id = reader.readOctetString();
  reader.end();
  return id;
}

/** The key identifier; undefined if the extension names the issuer's key in another way only. */
export function parseAuthorityKeyId(extension: Extension): Uint8Array | undefined {
  if (extension.isCritical) throw new CryptoError('invalid-encoding', 'authority key identifier marked critical');
  const outer = new DerReader(extension.value);
  const sequence = outer.readSequence();
  outer.end();
  const id = sequence.readOptional(contextPrimitive(0));
  while (!sequence.isAtEnd) sequence.readAny();
  return id;
}

export function encodeAuthorityKeyId(id: Uint8Array): Buffer {
  return derSequence(derImplicit(0, id));
}
