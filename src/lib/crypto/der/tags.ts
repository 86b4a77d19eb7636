/** Identifier octets of the ASN.1 types that X.509 uses (X.690 section 8.1.2); all of them fit in one octet. */
export const Tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  t61String: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** `[n]` around a primitive value (IMPLICIT). */
export function contextPrimitive(number: number): number {
  return 0x80 | number;
}

/** `[n]` around a constructed value (EXPLICIT, or IMPLICIT of a sequence). */
export function contextConstructed(number: number): number {
  return 0xa0 | number;
}
