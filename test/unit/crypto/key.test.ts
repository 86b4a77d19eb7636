import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { derBitString, derNull, derOid, derSequence } from '../../../src/lib/crypto/der/writer.ts';
import {
  findKeyType,
  generateKey,
  isSamePublicKey,
  parsePkcs8,
  parsePublicKey,
  privateKeyToPkcs8,
  publicKeyDer,
  subjectKeyId,
} from '../../../src/lib/crypto/key.ts';
import { Oid } from '../../../src/lib/crypto/oids.ts';

const ec = await generateKey('ec-p256');
const spki = Buffer.from(publicKeyDer(ec));

describe('keys', () => {
  it.each(['ec-p256', 'ec-p384', 'rsa-2048', 'rsa-4096'] as const)(
    'of type %s are made and recognised',
    async (type) => {
      const key = await generateKey(type);
      expect(key.type).toBe('private');
      expect(findKeyType(key)).toBe(type);
      expect(findKeyType(createPublicKey(key))).toBe(type);
    },
  );

  it('of other kinds have no type', () => {
    expect(findKeyType(generateKeyPairSync('ed25519').privateKey)).toBeUndefined();
    expect(findKeyType(generateKeyPairSync('ec', { namedCurve: 'secp521r1' }).privateKey)).toBeUndefined();
  });

  it('survive PKCS#8', () => {
    expect(isSamePublicKey(parsePkcs8(privateKeyToPkcs8(ec)), ec)).toBe(true);
    expect(() => privateKeyToPkcs8(createPublicKey(ec))).toThrow(/not a private key/);
    expect(() => parsePkcs8(spki)).toThrow(/PKCS#8/);
    expect(() => parsePkcs8(ec.export({ format: 'der', type: 'sec1' }))).toThrow(/PKCS#8/);
  });

  it('have the key identifier of RFC 5280, method 1', () => {
    // The bit string is 04 and 64 zeros; the hash was made by another program.
    const zeros = derSequence(
      derSequence(derOid(Oid.ecPublicKey), derOid(Oid.p256)),
      derBitString(Buffer.concat([Buffer.from([4]), Buffer.alloc(64)])),
    );
    expect(Buffer.from(subjectKeyId(zeros)).toString('hex')).toBe('a4d2642aa3f733a2d41e3d5d7f3be4b72aad8cf9');
  });
});

describe('parsePublicKey', () => {
  const withPoint = (point: Uint8Array): Buffer =>
    derSequence(derSequence(derOid(Oid.ecPublicKey), derOid(Oid.p256)), derBitString(point));
  const point = spki.subarray(-65);

  it('reads what publicKeyDer writes', () => {
    expect(isSamePublicKey(parsePublicKey(spki), ec)).toBe(true);
  });

  it.each([
    ['off its curve', withPoint(Buffer.concat([point.subarray(0, 64), Buffer.from([(point[64] ?? 0) ^ 1])]))],
    ['in compressed form', withPoint(Buffer.concat([Buffer.from([2]), point.subarray(1, 33)]))],
    ['at infinity', withPoint(Buffer.from([0]))],
  ])('refuses a point %s', (_, der) => {
    expect(() => parsePublicKey(der)).toThrow(expect.objectContaining({ code: 'invalid-key' }));
  });

  it('refuses RSA without NULL parameters, with a negative modulus, or with trailing bytes', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
    const pkcs1 = rsa.export({ format: 'der', type: 'pkcs1' });
    const wrap = (bits: Uint8Array, ...parameters: Uint8Array[]): Buffer =>
      derSequence(derSequence(derOid(Oid.rsaEncryption), ...parameters), derBitString(bits));
    expect(isSamePublicKey(parsePublicKey(wrap(pkcs1, derNull())), rsa)).toBe(true);
    expect(() => parsePublicKey(wrap(pkcs1))).toThrow(/public key/);
    expect(() => parsePublicKey(wrap(Buffer.from('30060201ff020103', 'hex'), derNull()))).toThrow(/positive/);
    expect(() => parsePublicKey(wrap(Buffer.concat([pkcs1, Buffer.from([0])]), derNull()))).toThrow(/trailing/);
  });
});
