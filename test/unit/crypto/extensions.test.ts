import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeBasicConstraints,
  encodeExtendedKeyUsage,
  encodeKeyUsage,
  KEY_USAGES,
  parseAuthorityKeyId,
  parseBasicConstraints,
  parseExtendedKeyUsage,
  parseKeyUsage,
  parseSubjectKeyId,
} from '../../../src/lib/crypto/extensions.ts';
import { encodeSubjectAltNames, parseSubjectAltNames } from '../../../src/lib/crypto/general-names.ts';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

describe('extensions', () => {
  it('key usages are read back in a canonical bit string', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.constantFrom(...KEY_USAGES), { minLength: 1 }), (usages) => {
        expect([...parseKeyUsage(encodeKeyUsage(usages))].toSorted()).toEqual(usages.toSorted());
      }),
    );
    expect(encodeKeyUsage(['keyCertSign', 'cRLSign']).toString('hex')).toBe('03020106');
    expect(encodeKeyUsage(['decipherOnly']).toString('hex')).toBe('0303070080');
  });

  it('basic constraints are read back', () => {
    fc.assert(
      fc.property(fc.option(fc.nat(), { nil: undefined }), (pathLength) => {
        expect(parseBasicConstraints(encodeBasicConstraints({ isCa: true, pathLength }))).toEqual({
          isCa: true,
          pathLength,
        });
      }),
    );
    expect(encodeBasicConstraints({ isCa: false, pathLength: undefined }).toString('hex')).toBe('3000');
    expect(parseBasicConstraints(hex('3003010100'))).toEqual({ isCa: false, pathLength: undefined });
    expect(() => parseBasicConstraints(hex('30060101ff0201ff'))).toThrow(/range/);
  });

  it('extended key usages have names or numbers', () => {
    expect(parseExtendedKeyUsage(encodeExtendedKeyUsage(['serverAuth', 'any']))).toEqual(['serverAuth', 'any']);
    expect(parseExtendedKeyUsage(hex('300406022a03'))).toEqual(['1.2.3']);
  });

  it('key identifiers must not be critical', () => {
    const value = hex('30048002abcd');
    expect(parseAuthorityKeyId({ oid: '', isCritical: false, value })).toEqual(hex('abcd'));
    expect(() => parseAuthorityKeyId({ oid: '', isCritical: true, value })).toThrow(/critical/);
    expect(() => parseSubjectKeyId({ oid: '', isCritical: true, value: hex('0402abcd') })).toThrow(/critical/);
    expect(parseAuthorityKeyId({ oid: '', isCritical: false, value: hex('3000') })).toBeUndefined();
  });

  it('names are read back, those of other kinds skipped', () => {
    fc.assert(
      fc.property(fc.array(fc.domain()), fc.array(fc.webUrl()), (dnsNames, uris) => {
        expect(parseSubjectAltNames(encodeSubjectAltNames(dnsNames, uris))).toMatchObject({ dnsNames, uris });
      }),
    );
    const parsed = parseSubjectAltNames(hex('301088022a03810161870401020304820162'));
    expect(parsed.emailAddresses).toEqual(['a']);
    expect(parsed.ipAddresses).toEqual([Buffer.from([1, 2, 3, 4])]);
    expect(parsed.dnsNames).toEqual(['b']);
  });

  it.each([
    ['an address of three octets', '30058703010203'],
    ['a URI with a newline', '30048602610a'],
    ['a URI that is not ASCII', '30048602c3a9'],
  ])('refuse %s among the names', (_, text) => {
    expect(() => parseSubjectAltNames(hex(text))).toThrow(/malformed DER/);
  });
});
