import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CryptoError } from '../../../src/lib/crypto/crypto-error.ts';
import { DerReader } from '../../../src/lib/crypto/der/reader.ts';
import { decodeIa5 } from '../../../src/lib/crypto/der/strings.ts';
import {
  derBitString,
  derExplicit,
  derImplicit,
  derInteger,
  derNull,
  derOctetString,
  derOid,
  derSequence,
} from '../../../src/lib/crypto/der/writer.ts';
import {
  type ExtendedKeyUsage,
  encodeAuthorityKeyId,
  encodeExtendedKeyUsage,
  encodeExtension,
  parseAuthorityKeyId,
  parseExtendedKeyUsage,
  parseExtensions,
  parseSubjectKeyId,
} from '../../../src/lib/crypto/extensions.ts';
import { findForbiddenName, parseNameConstraints } from '../../../src/lib/crypto/name-constraints.ts';
import { checkAlgorithmIdentifier } from '../../../src/lib/crypto/signature-algorithm.ts';
import { parsePublicKeyInfo } from '../../../src/lib/crypto/spki.ts';

const oid = fc
  .tuple(fc.nat(1), fc.nat(39), fc.array(fc.nat(2 ** 28), { minLength: 1, maxLength: 6 }))
  .map(([first, second, rest]) => [first, second, ...rest].join('.'));
const bytes = fc.uint8Array({ maxLength: 30 });
const label = fc.stringMatching(/^[a-z0-9]{1,8}$/);
const dnsName = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
const USAGES: readonly ExtendedKeyUsage[] = ['any', 'serverAuth', 'clientAuth', 'codeSigning', 'timeStamping'];

describe('extensions', () => {
  it('come back from what is written of them, and none may come twice', () => {
    const extension = fc.record({ oid, isCritical: fc.boolean(), value: bytes });
    fc.assert(
      fc.property(fc.uniqueArray(extension, { selector: (each) => each.oid, maxLength: 8 }), (list) => {
        const written = list.map(encodeExtension);
        const read = [...parseExtensions(new DerReader(derSequence(...written)).readSequence()).values()];
        expect(read.map(({ value, ...rest }) => ({ ...rest, value: Uint8Array.from(value) }))).toEqual(
          list.map(({ oid: id, isCritical, value }) => ({ oid: id, isCritical, value })),
        );
        const [first] = written;
        if (first === undefined) return;
        const twice = derSequence(...written, first);
        expect(() => parseExtensions(new DerReader(twice).readSequence())).toThrow(/twice/);
      }),
    );
  });

  it('of key identifiers and extended usages hold what was put into them', () => {
    fc.assert(
      fc.property(bytes, fc.uniqueArray(fc.constantFrom(...USAGES)), oid, (id, usages, unknown) => {
        const value = encodeAuthorityKeyId(id);
        expect(Buffer.from(parseAuthorityKeyId({ oid: '', isCritical: false, value }) ?? [])).toEqual(Buffer.from(id));
        expect(() => parseAuthorityKeyId({ oid: '', isCritical: true, value })).toThrow(CryptoError);
        const subject = { oid: '', isCritical: false, value: derOctetString(id) };
        expect(Buffer.from(parseSubjectKeyId(subject))).toEqual(Buffer.from(id));
        expect(() => parseSubjectKeyId({ ...subject, isCritical: true })).toThrow(CryptoError);
        expect(parseExtendedKeyUsage(encodeExtendedKeyUsage(usages))).toEqual(usages);
        expect(parseExtendedKeyUsage(derSequence(derOid(unknown)))).toEqual([unknown]);
      }),
    );
  });

  it('are refused as malformed by every reader, or read, whatever their bytes', () => {
    const readers: readonly ((value: Uint8Array) => unknown)[] = [
      (value) => parseExtensions(new DerReader(value)),
      parseExtendedKeyUsage,
      (value) => parseSubjectKeyId({ oid: '', isCritical: false, value }),
      (value) => parseAuthorityKeyId({ oid: '', isCritical: false, value }),
      parseNameConstraints,
      checkAlgorithmIdentifier,
      decodeIa5,
    ];
    fc.assert(
      fc.property(bytes, (value) => {
        for (const read of readers) {
          try {
            read(value);
          } catch (error) {
            expect(error).toMatchObject({ name: 'CryptoError', code: 'invalid-encoding' });
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('ASCII strings', () => {
  it('are read as they are, and with any other byte refused', () => {
    fc.assert(
      fc.property(bytes, (given) => {
        if (given.every((byte) => byte < 0x80)) expect(Buffer.from(decodeIa5(given))).toEqual(Buffer.from(given));
        else expect(() => decodeIa5(given)).toThrow(CryptoError);
      }),
    );
  });
});

describe('name constraints', () => {
  const subtrees = (names: readonly string[]): Buffer[] =>
    names.map((name) => derSequence(derImplicit(2, Buffer.from(name))));
  const within = (name: string, constraint: string): boolean => name === constraint || name.endsWith(`.${constraint}`);
  const NO_NAMES = { uris: [], dnsNames: [], emailAddresses: [], ipAddresses: [] };

  it('forbid exactly the DNS names outside of what is permitted or inside of what is excluded', () => {
    const names = fc.array(dnsName, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(names, names, label, (permitted, excluded, host) => {
        const value = derSequence(
          derImplicitSequence(0, subtrees(permitted)),
          derImplicitSequence(1, subtrees(excluded)),
        );
        const constraints = parseNameConstraints(value);
        for (const name of [...permitted, ...excluded, `${host}.${permitted[0]}`, `${host}.example`]) {
          const isFine = permitted.some((each) => within(name, each)) && !excluded.some((each) => within(name, each));
          expect(findForbiddenName(constraints, { ...NO_NAMES, dnsNames: [name] })).toBe(isFine ? undefined : name);
        }
      }),
    );
  });
});

/** `[tag] IMPLICIT SEQUENCE OF`. */
function derImplicitSequence(tag: number, elements: readonly Uint8Array[]): Buffer {
  return derExplicit(tag, Buffer.concat(elements));
}

describe('a public key', () => {
  it('of RSA has as many bits as its modulus', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 2n ** 300n }), fc.integer({ min: 1, max: 65_537 }), (modulus, exponent) => {
        const algorithm = derSequence(derOid('1.2.840.113549.1.1.1'), derNull());
        const key = derSequence(derInteger(modulus), derInteger(exponent));
        const info = parsePublicKeyInfo(derSequence(algorithm, derBitString(key)));
        expect(info).toMatchObject({ algorithm: 'rsa', modulusBits: modulus.toString(2).length });
        expect(() =>
          parsePublicKeyInfo(derSequence(derSequence(derOid('1.2.840.113549.1.1.1')), derBitString(key))),
        ).toThrow(expect.objectContaining({ code: 'invalid-key' }));
      }),
    );
  });

  it('is refused as a key for any other bytes', () => {
    fc.assert(
      fc.property(bytes, (given) => {
        expect(() => parsePublicKeyInfo(given)).toThrow(expect.objectContaining({ code: 'invalid-key' }));
      }),
    );
  });

  it('is signed by an algorithm with an identifier and at most one parameter', () => {
    fc.assert(
      fc.property(oid, fc.option(fc.constant(derNull())), (id, parameter) => {
        const parts = parameter === null ? [] : [parameter];
        checkAlgorithmIdentifier(derSequence(derOid(id), ...parts));
        expect(() => checkAlgorithmIdentifier(derSequence(derOid(id), ...parts, derNull(), derNull()))).toThrow(
          CryptoError,
        );
      }),
    );
  });
});
