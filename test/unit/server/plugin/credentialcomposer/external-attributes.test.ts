import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Name } from '../../../../../src/lib/crypto/name.ts';
import {
  x509CaAttributesFromWire,
  x509CaAttributesToWire,
  x509SvidAttributesFromWire,
  x509SvidAttributesToWire,
} from '../../../../../src/lib/server/plugin/credentialcomposer/external/attributes.ts';
import {
  X509CAAttributes,
  X509SVIDAttributes,
} from '../../../../../src/lib/wire/gen/spire/plugin/server/credentialcomposer/v1/credentialcomposer.ts';

const text = fc.string({ minLength: 1, maxLength: 20 });
const texts = fc.array(text, { maxLength: 3 });
const oid = fc.array(fc.nat(100_000), { minLength: 1, maxLength: 5 }).map((arcs) => `1.3.${arcs.join('.')}`);
const subject = fc
  .record({
    country: texts,
    province: texts,
    locality: texts,
    streetAddress: texts,
    postalCode: texts,
    organization: texts,
    organizationalUnit: texts,
    commonName: text,
    serialNumber: text,
    others: fc.array(fc.record({ oid, value: text }), { maxLength: 3 }),
  })
  .map((fields) => Name.of(fields));
const extraExtensions = fc.array(
  fc.record({ oid, isCritical: fc.boolean(), value: fc.uint8Array({ maxLength: 30 }) }),
  { maxLength: 3 },
);

describe('attributes of credentials', () => {
  test('of a CA come back from the wire as they were', () => {
    const attributes = fc.record({ subject, policyIdentifiers: fc.array(oid, { maxLength: 3 }), extraExtensions });
    fc.assert(
      fc.property(attributes, (before) => {
        const wire = X509CAAttributes.decode(X509CAAttributes.encode(x509CaAttributesToWire(before)).finish());
        const after = x509CaAttributesFromWire(wire);
        expect(after.subject.equals(before.subject)).toBe(true);
        expect({ ...after, subject: undefined }).toEqual({ ...before, subject: undefined });
      }),
    );
  });

  test('of an SVID come back from the wire as they were', () => {
    fc.assert(
      fc.property(fc.record({ subject, dnsNames: texts, extraExtensions }), (before) => {
        const wire = X509SVIDAttributes.decode(X509SVIDAttributes.encode(x509SvidAttributesToWire(before)).finish());
        const after = x509SvidAttributesFromWire(wire);
        expect(after.subject.equals(before.subject)).toBe(true);
        expect({ ...after, subject: undefined }).toEqual({ ...before, subject: undefined });
      }),
    );
  });

  const plain = x509CaAttributesToWire({ subject: Name.of({}), policyIdentifiers: [], extraExtensions: [] });

  test.each([
    ['no subject', { ...plain, subject: undefined }, 'subject: cannot be empty'],
    ['a policy that is no OID', { ...plain, policyIdentifiers: ['x'] }, 'policy identifiers: invalid OID'],
    [
      'an extension that is too long',
      { ...plain, extraExtensions: [{ oid: '1.2.3', critical: false, value: new Uint8Array(20_000) }] },
      'extra extensions: extension 1.2.3 has 20000 bytes, more than 16384',
    ],
    [
      'too many policies',
      { ...plain, policyIdentifiers: Array.from({ length: 1_001 }, () => '1.2.3') },
      'policy identifiers: 1001 items, more than 1000',
    ],
  ])('are refused with %s', (_, wire, reason) => {
    expect(() => x509CaAttributesFromWire(wire)).toThrow(reason);
  });
});
