import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { derOid, derSequence, derSetOf, derValue } from '../../../src/lib/crypto/der/writer.ts';
import { Name } from '../../../src/lib/crypto/name.ts';

/** A name with attributes as they are given, one relative name each. */
function rawName(...attributes: readonly (readonly [oid: string, value: string])[]): Name {
  const rdns = attributes.map(([oid, value]) =>
    derSetOf([derSequence(derOid(oid), derValue(0x0c, Buffer.from(value)))]),
  );
  return Name.parse(derSequence(...rdns));
}

describe('Name', () => {
  it('reads back what it writes', () => {
    const texts = fc.array(fc.string({ minLength: 1, unit: 'grapheme' }), { maxLength: 2 });
    const text = fc.string({ unit: 'grapheme' });
    const fields = fc.record({
      country: texts,
      organization: texts,
      locality: texts,
      commonName: text,
      serialNumber: text,
    });
    fc.assert(
      fc.property(fields, (given) => {
        const name = Name.of(given);
        const read = Name.parse(name.der);
        expect(read.equals(name)).toBe(true);
        expect(read.commonName).toBe(given.commonName);
        expect(read.values('2.5.4.10').toSorted()).toEqual(given.organization.toSorted());
        expect(Name.parse(Name.of(read.fields()).der).rfc2253()).toBe(read.rfc2253());
      }),
    );
  });

  it('writes the bytes that Go writes', () => {
    const name = Name.of({ country: ['US'], organization: ['SPIRE'] });
    expect(Buffer.from(name.der).toString('hex')).toBe(
      '301d310b3009060355040613025553310e300c060355040a13055350495245',
    );
  });

  it('prints the known attributes last to first, whatever their order', () => {
    const name = rawName(['2.5.4.5', '12'], ['2.5.4.6', 'US'], ['2.5.4.3', 'x'], ['2.5.4.10', 'SPIFFE']);
    expect(name.rfc2253()).toBe('SERIALNUMBER=12,CN=x,O=SPIFFE,C=US');
  });

  it('prints several values of an attribute together and the others in hexadecimal at the end', () => {
    const name = rawName(['1.2.3', 'é'], ['2.5.4.11', 'a'], ['2.5.4.11', 'b']);
    expect(name.rfc2253()).toBe('OU=a+OU=b,1.2.3=#0c02c3a9');
  });

  it.each([
    ['a,b+c"d\\e<f>g;h', 'a\\,b\\+c\\"d\\\\e\\<f\\>g\\;h'],
    [' a b ', '\\ a b\\ '],
    [' ', '\\ '],
    ['#a#', '\\#a#'],
  ])('escapes %j', (value, escaped) => {
    expect(Name.of({ commonName: value }).rfc2253()).toBe(`CN=${escaped}`);
  });

  it('is empty without attributes', () => {
    expect(Name.of({}).isEmpty).toBe(true);
    expect(Name.of({ commonName: '' }).isEmpty).toBe(true);
    expect(Name.of({}).rfc2253()).toBe('');
  });

  it('refuses a relative name without attributes and trailing bytes', () => {
    expect(() => Name.parse(derSequence(derSetOf([])))).toThrow(/empty relative name/);
    expect(() => Name.parse(Buffer.from('300000', 'hex'))).toThrow(/trailing/);
  });
});
