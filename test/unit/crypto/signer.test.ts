import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { generateKey } from '../../../src/lib/crypto/key.ts';
import { findSignatureAlgorithm, getDefaultSignatureAlgorithm } from '../../../src/lib/crypto/signature-algorithm.ts';
import { signerFromKey } from '../../../src/lib/crypto/signer.ts';

const data = Buffer.from('data');

describe('signerFromKey', () => {
  it.each([
    ['ec-p256', 'sha256'],
    ['ec-p384', 'sha384'],
    ['rsa-2048', 'sha256'],
  ] as const)('signs with %s over %s', async (type, digest) => {
    const signer = signerFromKey(await generateKey(type));
    expect(verify(digest, data, signer.publicKey, await signer.sign(data))).toBe(true);
  });

  it('signs with Ed25519 over the data itself', async () => {
    const signer = signerFromKey(generateKeyPairSync('ed25519').privateKey);
    expect(verify(null, data, signer.publicKey, await signer.sign(data))).toBe(true);
  });

  it('refuses public keys and keys that cannot sign', async () => {
    expect(() => signerFromKey(createPublicKey(generateKeyPairSync('ed25519').privateKey))).toThrow(/private/);
    expect(() => signerFromKey(generateKeyPairSync('x25519').privateKey)).toThrow(/unsupported/);
  });
});

describe('findSignatureAlgorithm', () => {
  it('knows what it writes', async () => {
    const algorithm = getDefaultSignatureAlgorithm(await generateKey('ec-p384'));
    expect(findSignatureAlgorithm(algorithm.der)).toBe(algorithm);
  });

  it.each([
    ['SHA-256 with RSA, without NULL', '300b06092a864886f70d01010b', 'sha256'],
    ['SHA-1 with RSA', '300d06092a864886f70d0101050500', undefined],
    ['SHA-1 with ECDSA', '300906072a8648ce3d0401', undefined],
    ['MD5 with RSA', '300d06092a864886f70d0101040500', undefined],
    [
      'RSASSA-PSS with SHA-256',
      '304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120',
      'sha256',
    ],
  ])('answers for %s', (_, hex, digest) => {
    expect(findSignatureAlgorithm(Buffer.from(hex, 'hex'))?.digest).toBe(digest);
  });
});
