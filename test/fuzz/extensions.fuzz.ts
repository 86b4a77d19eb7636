import { CryptoError } from '../../src/lib/crypto/crypto-error.ts';
import { DerReader } from '../../src/lib/crypto/der/reader.ts';
import { derSequence } from '../../src/lib/crypto/der/writer.ts';
import {
  encodeAuthorityKeyId,
  encodeBasicConstraints,
  encodeExtension,
  encodeKeyUsage,
  parseAuthorityKeyId,
  parseBasicConstraints,
  parseExtendedKeyUsage,
  parseExtensions,
  parseKeyUsage,
  parseSubjectKeyId,
} from '../../src/lib/crypto/extensions.ts';
import { encodeSubjectAltNames, parseSubjectAltNames } from '../../src/lib/crypto/general-names.ts';
import { findForbiddenName, parseNameConstraints } from '../../src/lib/crypto/name-constraints.ts';
import { checkAlgorithmIdentifier, findSignatureAlgorithm } from '../../src/lib/crypto/signature-algorithm.ts';

const NAMES = {
  uris: ['spiffe://example.org/a', 'https://[::1]/', 'x:y'],
  dnsNames: ['a.example.org', '*.example.org', '', '.'],
  emailAddresses: ['a@example.org', '@', ''],
  ipAddresses: [Uint8Array.of(127, 0, 0, 1), new Uint8Array(16)],
};

/** Any bytes are refused as malformed by the reader of each extension, or come back from what is written of them. */
export function target(bytes: Uint8Array): void {
  read(() => {
    const extensions = parseExtensions(new DerReader(bytes).readSequence());
    const written = derSequence(...Array.from(extensions.values(), encodeExtension));
    const again = parseExtensions(new DerReader(written).readSequence());
    if ([...again.keys()].join() !== [...extensions.keys()].join()) throw new Error('another list of extensions');
  });
  read(() => {
    const usages = parseKeyUsage(bytes);
    if (usages.size > 0) same([...parseKeyUsage(encodeKeyUsage([...usages]))].join(), [...usages].join());
  });
  read(() => {
    const constraints = parseBasicConstraints(bytes);
    if (constraints.isCa) same(hex(encodeBasicConstraints(constraints)), hex(bytes));
  });
  read(() => {
    const id = parseAuthorityKeyId({ oid: '', isCritical: false, value: bytes });
    if (id !== undefined)
      same(hex(parseAuthorityKeyId({ oid: '', isCritical: false, value: encodeAuthorityKeyId(id) })), hex(id));
  });
  read(() => {
    const names = parseSubjectAltNames(bytes);
    const again = parseSubjectAltNames(encodeSubjectAltNames(names.dnsNames, names.uris));
    same(JSON.stringify([again.dnsNames, again.uris]), JSON.stringify([names.dnsNames, names.uris]));
  });
  read(() => {
    const constraints = parseNameConstraints(bytes);
    findForbiddenName(constraints, NAMES);
  });
  read(() => parseExtendedKeyUsage(bytes));
  read(() => parseSubjectKeyId({ oid: '', isCritical: false, value: bytes }));
  if (findSignatureAlgorithm(bytes) !== undefined) checkAlgorithmIdentifier(bytes);
  else read(() => checkAlgorithmIdentifier(bytes));
}

function read(step: () => unknown): void {
  try {
    step();
  } catch (error) {
    if (!(error instanceof CryptoError) || error.code !== 'invalid-encoding') throw error;
  }
}

function hex(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? '' : Buffer.from(bytes).toString('hex');
}

function same(ours: string, given: string): void {
  if (ours !== given) throw new Error(`${given} became ${ours}`);
}
