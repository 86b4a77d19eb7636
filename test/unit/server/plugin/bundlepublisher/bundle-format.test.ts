import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Certificate } from '../../../../../src/lib/crypto/certificate.ts';
import { SpirekitError } from '../../../../../src/lib/runtime/errors.ts';
import {
  parseBundleFormat,
  parseRefreshHint,
  publishedBundle,
} from '../../../../../src/lib/server/plugin/bundlepublisher/bundle-format.ts';
import { parseBundleDocument } from '../../../../../src/lib/spiffe/bundle.ts';
import { sampleBundle } from './sample-bundle.ts';

describe('a published bundle', () => {
  test('is a SPIFFE bundle document with the refresh hint of the settings', async () => {
    const bundle = await sampleBundle(7n);
    for (const hint of [undefined, 60]) {
      const document = parseBundleDocument(bundle.trustDomain, publishedBundle(bundle, 'spiffe', hint));
      expect(document).toMatchObject({ sequenceNumber: 7n, refreshHint: BigInt(hint ?? 300) });
      expect(document.x509Authorities).toHaveLength(2);
    }
  });

  test('is a JWKS whose keys have no use', async () => {
    const bundle = await sampleBundle(7n);
    const { keys } = JSON.parse(Buffer.from(publishedBundle(bundle, 'jwks', undefined)).toString('utf8'));
    expect(keys).toHaveLength(3);
    expect(keys[0]).toMatchObject({ kty: 'EC', x5c: [expect.any(String)] });
    expect(keys[2]).toMatchObject({ kty: 'EC', kid: 'key-7' });
    expect(JSON.stringify(keys)).not.toContain('"use"');
  });

  test('is the roots in PEM', async () => {
    const bundle = await sampleBundle(7n);
    const certificates = Certificate.parsePem(publishedBundle(bundle, 'pem', 60));
    expect(certificates.map(({ der }) => Buffer.from(der))).toEqual(
      bundle.x509Authorities.map(({ certificate }) => Buffer.from(certificate)),
    );
  });
});

describe('settings of publishers', () => {
  test('name a format in any case, and no other', () => {
    expect(['SPIFFE', 'jwks', 'Pem'].map(parseBundleFormat)).toEqual(['spiffe', 'jwks', 'pem']);
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!['spiffe', 'jwks', 'pem'].includes(text.toLowerCase()));
        expect(() => parseBundleFormat(text)).toThrow(expect.objectContaining({ code: 'invalid-config' }));
      }),
    );
  });

  test('hint in whole seconds, or are refused', () => {
    expect(['', '5m', '90s', '1h30m'].map(parseRefreshHint)).toEqual([undefined, 300, 90, 5400]);
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          expect(Number.isSafeInteger(parseRefreshHint(text) ?? 0)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(SpirekitError);
        }
      }),
    );
  });
});
