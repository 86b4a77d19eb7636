import { X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Certificate } from '../../../src/lib/crypto/certificate.ts';
import { verifyChain } from '../../../src/lib/crypto/chain.ts';
import { CryptoError } from '../../../src/lib/crypto/crypto-error.ts';
import { Name } from '../../../src/lib/crypto/name.ts';
import { pemEncode } from '../../../src/lib/crypto/pem.ts';
import { issue, issueCa, NOW_MS } from './test-ca.ts';

const root = await issueCa();
const upper = await issueCa({ subject: Name.of({ commonName: 'upper' }) }, root);
const lower = await issueCa({ subject: Name.of({ commonName: 'lower' }) }, upper);
const leaf = await issue({ uris: ['spiffe://example.org/a'] }, lower);
const stranger = await issueCa({ subject: Name.of({ commonName: 'stranger' }) });
const all = [root, upper, lower, leaf, stranger].map(({ certificate }) => certificate);

describe('a chain', () => {
  it('is found exactly if its links are there, whatever else is and in whatever order', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(all), fc.shuffledSubarray(all), (intermediates, roots) => {
        const options = { leaf: leaf.certificate, intermediates, roots, nowMs: NOW_MS };
        const path = [lower, upper, root].map(({ certificate }) => certificate);
        const isThere = path.some((anchor, depth) => {
          return roots.includes(anchor) && path.slice(0, depth).every((link) => intermediates.includes(link));
        });
        if (!isThere) {
          expect(() => verifyChain(options)).toThrow(expect.objectContaining({ code: 'invalid-certificate' }));
          return;
        }
        for (const chain of verifyChain(options)) {
          for (const [index, certificate] of chain.entries()) {
            const issuer = chain[index + 1];
            if (issuer !== undefined) expect(new X509Certificate(certificate.der).verify(issuer.publicKey)).toBe(true);
          }
        }
      }),
    );
  });

  it('is refused as invalid, and in no other way, when a byte of its leaf is another', () => {
    const { der } = leaf.certificate;
    const others = [lower, upper].map(({ certificate }) => certificate);
    const options = { intermediates: others, roots: [root.certificate], nowMs: NOW_MS };
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bytes = Uint8Array.from(der);
        bytes[at] = (bytes[at] ?? 0) ^ change;
        const invalid = expect.objectContaining({ code: 'invalid-certificate' });
        expect(() => verifyChain({ ...options, leaf: Certificate.parse(bytes) })).toThrow(invalid);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is refused as invalid when the point of the leaf is on no curve', () => {
    const { der, publicKeyDer } = leaf.certificate;
    const bytes = Buffer.from(der);
    bytes.fill(
      0x11,
      bytes.indexOf(publicKeyDer) + publicKeyDer.length - 32,
      bytes.indexOf(publicKeyDer) + publicKeyDer.length,
    );
    const broken = Certificate.parse(bytes);
    expect(() => verifyChain({ leaf: broken, intermediates: [], roots: [root.certificate], nowMs: NOW_MS })).toThrow(
      expect.objectContaining({ code: 'invalid-certificate', message: 'malformed public key' }),
    );
  });
});

describe('certificates', () => {
  it('come back from their bytes one after the other and from PEM, and to OpenSSL they are the same', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...all), { maxLength: 5 }), (list) => {
        expect(Certificate.parseAll(Buffer.concat(list.map(({ der }) => der)))).toEqual(list);
        const pem = list.map(({ der }) => pemEncode('CERTIFICATE', der)).join('some words\n');
        expect(Certificate.parsePem(pem)).toEqual(list);
        for (const { der, serialNumber, notAfterMs, isCa } of list.map((each) => Certificate.parse(each.der))) {
          const theirs = new X509Certificate(der);
          expect([BigInt(`0x${theirs.serialNumber}`), theirs.validToDate.getTime(), theirs.ca]).toEqual([
            serialNumber,
            notAfterMs,
            isCa,
          ]);
        }
      }),
    );
  });

  it('are refused with a code of ours for any other bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), fc.nat(), (bytes, at) => {
        const cut = root.certificate.der.subarray(0, at % root.certificate.der.length);
        for (const given of [bytes, cut, Buffer.concat([root.certificate.der, bytes])]) {
          if (given.length === 0) continue;
          expect(() => Certificate.parse(given)).toThrow(CryptoError);
          expect(() => Certificate.parseAll(given)).toThrow(CryptoError);
          expect(() => Certificate.parsePem(pemEncode('CERTIFICATE', given))).toThrow(CryptoError);
        }
      }),
    );
  });
});
