import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase64, decodeBase64Url, encodeBase64Url } from '../../../src/lib/crypto/base64.ts';

describe('base64', () => {
  it('decodes what was encoded', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(decodeBase64Url(encodeBase64Url(bytes))).toEqual(Buffer.from(bytes));
        expect(decodeBase64(Buffer.from(bytes).toString('base64'))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('takes exactly one text for each sequence of bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'AQgw_-+/= \n'), maxLength: 8 }), (text) => {
        try {
          expect(encodeBase64Url(decodeBase64Url(text))).toBe(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid-encoding' });
        }
      }),
    );
  });

  it.each(['AA==', 'A', 'AB', 'AA\n', ' AA', 'A+', 'A/', 'é'])('refuses %j as base64url', (text) => {
    expect(() => decodeBase64Url(text)).toThrow(/base64url/);
  });

  it.each(['AA', 'AA=', 'AB==', 'AA==\n', 'A-==', '===='])('refuses %j as base64', (text) => {
    expect(() => decodeBase64(text)).toThrow(/base64/);
  });
});
