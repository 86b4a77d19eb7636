import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeString, encodeDirectoryString } from '../../../../src/lib/crypto/der/strings.ts';
import { Tag } from '../../../../src/lib/crypto/der/tags.ts';

describe('strings of names', () => {
  it('are read back as they were written', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const { tag, contents } = encodeDirectoryString(text);
        expect(decodeString(tag, contents)).toBe(text);
      }),
    );
  });

  it('are PrintableString where that is enough', () => {
    expect(encodeDirectoryString('SPIFFE 1').tag).toBe(Tag.printableString);
    expect(encodeDirectoryString('*.example').tag).toBe(Tag.utf8String);
    expect(encodeDirectoryString('é').tag).toBe(Tag.utf8String);
  });

  it.each([
    ['UTF8String that is not UTF-8', Tag.utf8String, 'ff'],
    ['PrintableString with an at sign', Tag.printableString, '40'],
    ['IA5String with a high bit', Tag.ia5String, 'e9'],
    ['NumericString with a letter', Tag.numericString, '41'],
    ['BMPString of odd length', Tag.bmpString, '0041ff'],
    ['BMPString with a surrogate', Tag.bmpString, 'd83dde00'],
    ['string of another type', Tag.octetString, '41'],
  ])('refuses a %s', (_, tag, hex) => {
    expect(() => decodeString(tag, Buffer.from(hex, 'hex'))).toThrow(/malformed DER/);
  });

  it('reads the old types as Go does', () => {
    expect(decodeString(Tag.t61String, Buffer.from('e9', 'hex'))).toBe('é');
    expect(decodeString(Tag.bmpString, Buffer.from('00410042', 'hex'))).toBe('AB');
    expect(decodeString(Tag.printableString, Buffer.from('a*&b'))).toBe('a*&b');
  });

  it('refuses to write half a surrogate pair', () => {
    expect(() => encodeDirectoryString('\ud800')).toThrow(/surrogate/);
  });
});
