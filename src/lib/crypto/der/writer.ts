import { Oid } from '../oids.ts';
import { encodeOid } from './oid.ts';
import { contextConstructed, contextPrimitive, Tag } from './tags.ts';
import { encodeTime } from './time.ts';

/** One value: identifier, the shortest length, and the parts one after the other. */
export function derValue(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  let length = 0;
  for (const part of parts) length += part.length;
  const lengthOctets = length < 0x80 ? 0 : length < 0x100 ? 1 : length < 0x10000 ? 2 : length < 0x1000000 ? 3 : 4;
  const out = Buffer.allocUnsafe(2 + lengthOctets + length);
  out[0] = tag;
  if (lengthOctets === 0) {
    out[1] = length;
  } else {
    out[1] = 0x80 | lengthOctets;
    out.writeUIntBE(length, 2, lengthOctets);
  }
  let at = 2 + lengthOctets;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export function derSequence(...parts: readonly Uint8Array[]): Buffer {
  return derValue(Tag.sequence, ...parts);
}

/** A SET OF: DER sorts its members by their encoding (X.690 section 11.6). */
export function derSetOf(members: readonly Uint8Array[]): Buffer {
  return derValue(Tag.set, ...members.toSorted((a, b) => Buffer.compare(a, b)));
}

export function derBoolean(value: boolean): Buffer {
  return derValue(Tag.boolean, Uint8Array.of(value ? 0xff : 0));
}

/** An integer in two's complement with no octet too many. */
export function derInteger(value: bigint | number): Buffer {
  const integer = BigInt(value);
  let octets = 1;
  while (BigInt.asIntN(octets * 8, integer) !== integer) octets++;
  const hex = BigInt.asUintN(octets * 8, integer)
    .toString(16)
    .padStart(octets * 2, '0');
  return derValue(Tag.integer, Buffer.from(hex, 'hex'));
}

export function derOid(dotted: string): Buffer {
  return KNOWN_OIDS.get(dotted) ?? derValue(Tag.objectIdentifier, encodeOid(dotted));
}

export function derNull(): Buffer {
  return derValue(Tag.null);
}

export function derOctetString(bytes: Uint8Array): Buffer {
  return derValue(Tag.octetString, bytes);
}

export function derBitString(bytes: Uint8Array, unusedBits = 0): Buffer {
  return derValue(Tag.bitString, Uint8Array.of(unusedBits), bytes);
}

/** A UTCTime or GeneralizedTime, whichever RFC 5280 asks for; cut to whole seconds. */
export function derTime(ms: number): Buffer {
  const { tag, text } = encodeTime(ms);
  return derValue(tag, Buffer.from(text, 'latin1'));
}

/** `[n]` in place of the value's own tag. */
export function derImplicit(number: number, contents: Uint8Array): Buffer {
  return derValue(contextPrimitive(number), contents);
}

/** `[n]` around values. */
export function derExplicit(number: number, ...parts: readonly Uint8Array[]): Buffer {
  return derValue(contextConstructed(number), ...parts);
}

/** Encoded beforehand: a certificate holds some ten of them. Callers must not write into what they get. */
const KNOWN_OIDS: ReadonlyMap<string, Buffer> = new Map(
  Object.values(Oid).map((dotted) => [dotted, derValue(Tag.objectIdentifier, encodeOid(dotted))]),
);
