import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCsr, parseCsr } from '../../../src/lib/crypto/csr.ts';
import { generateKey, isSamePublicKey, publicKeyDer } from '../../../src/lib/crypto/key.ts';
import { Name } from '../../../src/lib/crypto/name.ts';
import { signerFromKey } from '../../../src/lib/crypto/signer.ts';
import { Pkcs10CertificateRequest } from './peculiar.ts';

const key = await generateKey('ec-p256');
const signer = signerFromKey(key);

describe('certificate signing requests', () => {
  it('are read back as they were written', async () => {
    const request = fc.record({
      commonName: fc.string({ unit: 'grapheme', maxLength: 20 }),
      uris: fc.array(fc.webUrl(), { maxLength: 2 }),
      dnsNames: fc.array(fc.domain(), { maxLength: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(request, async ({ commonName, uris, dnsNames }) => {
        const parsed = parseCsr(await createCsr({ subject: Name.of({ commonName }), uris, dnsNames, signer }));
        expect(parsed.subject.commonName).toBe(commonName);
        expect(parsed.uris).toEqual(uris);
        expect(parsed.dnsNames).toEqual(dnsNames);
        expect(isSamePublicKey(parsed.publicKey, key)).toBe(true);
        expect(Buffer.from(parsed.publicKeyDer)).toEqual(Buffer.from(publicKeyDer(key)));
      }),
      { numRuns: 30 },
    );
  });

  it('are understood by @peculiar/x509', async () => {
    const subject = Name.of({ country: ['US'], organization: ['SPIRE'] });
    const der = await createCsr({ subject, uris: ['spiffe://example.org/a'], signer });
    const peculiar = new Pkcs10CertificateRequest(Buffer.from(der));
    expect(peculiar.subject).toBe('C=US, O=SPIRE');
    expect(await peculiar.verify()).toBe(true);
  });

  it.each(['ec-p384', 'rsa-2048'] as const)('are accepted with %s keys', async (type) => {
    const own = await generateKey(type);
    expect(parseCsr(await createCsr({ signer: signerFromKey(own) })).subject.isEmpty).toBe(true);
  });

  it('are refused when their signature is not by their key', async () => {
    const der = Buffer.from(await createCsr({ uris: ['spiffe://example.org/a'], signer }));
    const at = der.indexOf('example.org/a') + 'example.org/'.length;
    der[at] = 'b'.charCodeAt(0);
    expect(() => parseCsr(der)).toThrow(
      expect.objectContaining({ code: 'invalid-csr', message: 'CSR signature is not valid' }),
    );
  });

  it('are refused with weak keys', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
    const weak = await createCsr({ signer: signerFromKey(rsa) });
    expect(() => parseCsr(weak)).toThrow(/RSA key has 1024 bits/);
    const p224 = generateKeyPairSync('ec', { namedCurve: 'secp224r1' }).privateKey;
    expect(() => signerFromKey(p224)).toThrow(expect.objectContaining({ code: 'invalid-key' }));
  });

  it('are refused with a P-224 key even if it signed well', () => {
    const der = Buffer.from(P224_REQUEST, 'base64');
    expect(() => parseCsr(der)).toThrow(/curve is too weak/);
  });

  it('are refused with anything after them or when they are huge', async () => {
    const der = await createCsr({ signer });
    expect(() => parseCsr(Buffer.concat([der, Buffer.from([0])]))).toThrow(/trailing/);
    expect(() => parseCsr(new Uint8Array(100_000))).toThrow(/too large/);
  });
});

/** `openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-224 -nodes -subj /CN=p224 -outform DER` */
const P224_REQUEST =
  'MIG2MGYCAQAwDzENMAsGA1UEAwwEcDIyNDBOMBAGByqGSM49AgEGBSuBBAAhAzoABC7tqssmFoxizUsd88e8mTyl4eXpnKgMPX6sDzzIs86vdU6gbW3fPzwb5Tig080X+KzfJCdcvGRhoAAwCgYIKoZIzj0EAwIDQAAwPQIdAOGP+kiBtZ/k+1yoz5hVEAkDh7vN7JlCusfkivYCHG5QbLXeyc2M+OFHTEm1lnW9Rk9wFj21h9s80Io=';
