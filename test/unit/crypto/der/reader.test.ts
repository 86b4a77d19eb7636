import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CryptoError } from '../../../../src/lib/crypto/crypto-error.ts';
import { DerReader } from '../../../../src/lib/crypto/der/reader.ts';
import { Tag } from '../../../../src/lib/crypto/der/tags.ts';

const reader = (hex: string): DerReader => new DerReader(Buffer.from(hex, 'hex'));

describe('DerReader', () => {
  it.each([
    ['an indefinite length', '30800000'],
    ['a long length that would fit the short form', '04810100'],
    ['a length with a zero in front', '0482008000'],
    ['a length of five octets', '0485010000000000'],
    ['contents cut short', '040300'],
    ['a length cut short', '048201'],
    ['a tag alone', '04'],
    ['a tag number over 30', '1f0100'],
    ['nothing', ''],
  ])('refuses %s', (_, hex) => {
    expect(() => reader(hex).readAny()).toThrow(CryptoError);
  });

  it.each([
    ['a padded positive integer', '0202007f'],
    ['a padded negative integer', '0202ff80'],
    ['an empty integer', '0200'],
  ])('refuses %s', (_, hex) => {
    expect(() => reader(hex).readInteger()).toThrow(/integer/);
  });

  it.each([
    ['01', '010101'],
    ['two octets', '01020000'],
    ['no octet', '0100'],
  ])('refuses a boolean of %s', (_, hex) => {
    expect(() => reader(hex).readBoolean()).toThrow(/boolean/);
  });

  it.each([
    ['without its first octet', '0300'],
    ['with eight unused bits', '03020800'],
    ['with unused bits that are set', '03020101'],
    ['with unused bits of nothing', '030101'],
  ])('refuses a bit string %s', (_, hex) => {
    expect(() => reader(hex).readBitString()).toThrow(/bit string/);
  });

  it('refuses unused bits where whole octets are wanted', () => {
    expect(() => reader('03020102').readOctetBitString()).toThrow(/odd length/);
  });

  it('reads values one after the other and notices what is left', () => {
    const sequence = reader('3006020101010100'.replace('010100', '0101ff')).readSequence();
    expect(sequence.readInteger()).toBe(1n);
    expect(sequence.isAtEnd).toBe(false);
    expect(() => sequence.end()).toThrow(/trailing/);
    expect(sequence.readBoolean()).toBe(true);
    sequence.end();
  });

  it('leaves an optional value of another tag unread', () => {
    const integer = reader('020105');
    expect(integer.readOptional(Tag.boolean)).toBeUndefined();
    expect(integer.readInteger()).toBe(5n);
    expect(integer.readOptional(Tag.integer)).toBeUndefined();
  });

  it('refuses integers that do not fit where a small one is wanted', () => {
    expect(() => reader('0201ff').readSmallInteger()).toThrow(/range/);
    expect(() => reader('02050080000000').readSmallInteger()).toThrow(/range/);
    expect(reader('02047fffffff').readSmallInteger()).toBe(0x7fffffff);
  });

  it('never reads outside its input, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          const { contents } = new DerReader(bytes).readAny();
          expect(contents.length).toBeLessThan(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(CryptoError);
        }
      }),
    );
  });
});
