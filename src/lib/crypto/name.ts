import { CryptoError } from './crypto-error.ts';
import { DerReader } from './der/reader.ts';
import { decodeString, encodeDirectoryString } from './der/strings.ts';
import { Tag } from './der/tags.ts';
import { derOid, derSequence, derSetOf, derValue } from './der/writer.ts';
import { Oid } from './oids.ts';

/** One attribute of a distinguished name. */
export interface NameAttribute {
  /** Dotted object identifier, e.g. `2.5.4.3`. */
  readonly oid: string;
  readonly value: string;
}

/** The attributes of a name that this package writes. */
export interface NameFields {
  readonly country?: readonly string[];
  readonly province?: readonly string[];
  readonly locality?: readonly string[];
  readonly streetAddress?: readonly string[];
  readonly postalCode?: readonly string[];
  readonly organization?: readonly string[];
  readonly organizationalUnit?: readonly string[];
  readonly commonName?: string;
  readonly serialNumber?: string;
  /** Attributes of other kinds, each a relative name of its own behind the others. */
  readonly others?: readonly NameAttribute[];
}

/** Short names of attributes, in the order in which Go's x509 writes them. */
const KNOWN_ATTRIBUTES: ReadonlyMap<string, string> = new Map([
  [Oid.country, 'C'],
  [Oid.province, 'ST'],
  [Oid.locality, 'L'],
  [Oid.streetAddress, 'STREET'],
  [Oid.postalCode, 'POSTALCODE'],
  [Oid.organization, 'O'],
  [Oid.organizationalUnit, 'OU'],
  [Oid.commonName, 'CN'],
  [Oid.serialNumber, 'SERIALNUMBER'],
]);

/** A distinguished name (RFC 5280 section 4.1.2.4). Immutable. */
export class Name {
  readonly der: Uint8Array;
  /** Relative names in the order of the encoding, each with one attribute or more. */
  readonly rdns: readonly (readonly NameAttribute[])[];

  private constructor(der: Uint8Array, rdns: readonly (readonly NameAttribute[])[]) {
    this.der = der;
    this.rdns = rdns;
  }

  /** Writes a name from its fields as Go's x509 does; an empty object gives the empty name. */
  static of(fields: NameFields): Name {
    const values: Readonly<Record<string, readonly string[] | undefined>> = {
      [Oid.country]: fields.country,
      [Oid.province]: fields.province,
      [Oid.locality]: fields.locality,
      [Oid.streetAddress]: fields.streetAddress,
      [Oid.postalCode]: fields.postalCode,
      [Oid.organization]: fields.organization,
      [Oid.organizationalUnit]: fields.organizationalUnit,
      [Oid.commonName]: fields.commonName ? [fields.commonName] : [],
      [Oid.serialNumber]: fields.serialNumber ? [fields.serialNumber] : [],
    };
    const rdns: NameAttribute[][] = [];
    for (const oid of KNOWN_ATTRIBUTES.keys()) {
      const attributes = (values[oid] ?? []).map((value) => ({ oid, value }));
      if (attributes.length > 0) rdns.push(attributes);
    }
    for (const attribute of fields.others ?? []) rdns.push([attribute]);
    return new Name(derSequence(...rdns.map(encodeRdn)), rdns);
  }

  /**
   * Reads the DER of a Name; keeps a view on it.
   *
   * @throws CryptoError `invalid-encoding`
   */
  static parse(der: Uint8Array): Name {
    const outer = new DerReader(der);
    const sequence = outer.readSequence();
    outer.end();
    const rdns: NameAttribute[][] = [];
    while (!sequence.isAtEnd) rdns.push(parseRdn(sequence.readInto(Tag.set)));
    return new Name(der, rdns);
  }

  /** The name with an attribute of this value, in place of the one it has or else behind all others. */
  with(oid: string, value: string): Name {
    const isThere = this.values(oid).length > 0;
    const attribute = { oid, value };
    const rdns = isThere
      ? this.rdns.map((rdn) => rdn.map((each) => (each.oid === oid ? attribute : each)))
      : [...this.rdns, [attribute]];
    return new Name(derSequence(...rdns.map(encodeRdn)), rdns);
  }

  get isEmpty(): boolean {
    return this.rdns.length === 0;
  }

  /** The last common name; empty if there is none. */
  get commonName(): string {
    return this.values(Oid.commonName).at(-1) ?? '';
  }

  /** The last serialNumber attribute (not the certificate's serial number); empty if there is none. */
  get serialNumber(): string {
    return this.values(Oid.serialNumber).at(-1) ?? '';
  }

  /** All values of an attribute, in order. */
  values(oid: string): string[] {
    return this.rdns.flat().flatMap((attribute) => (attribute.oid === oid ? [attribute.value] : []));
  }

  /** The attributes that {@link of} knows by name; any others are left out, as Go leaves them out. */
  fields(): NameFields {
    return {
      country: this.values(Oid.country),
      province: this.values(Oid.province),
      locality: this.values(Oid.locality),
      streetAddress: this.values(Oid.streetAddress),
      postalCode: this.values(Oid.postalCode),
      organization: this.values(Oid.organization),
      organizationalUnit: this.values(Oid.organizationalUnit),
      commonName: this.commonName,
      serialNumber: this.serialNumber,
    };
  }

  /** The attributes that {@link fields} leaves out, in order. */
  others(): readonly NameAttribute[] {
    return this.rdns.flat().filter(({ oid }) => !KNOWN_ATTRIBUTES.has(oid));
  }

  /**
   * The text that Go's `pkix.Name.String()` gives, roughly RFC 2253: known attributes regrouped and in reverse order,
   * then unknown ones in hexadecimal.
   */
  rfc2253(): string {
    return [...this.others().map((attribute) => [attribute]), ...Name.of(this.fields()).rdns]
      .toReversed()
      .map((rdn) => rdn.map(formatAttribute).join('+'))
      .join(',');
  }

  /** True if both have the same encoding, which is how chains are matched. */
  equals(other: Name): boolean {
    return Buffer.compare(this.der, other.der) === 0;
  }
}

function parseRdn(set: DerReader): NameAttribute[] {
  const attributes: NameAttribute[] = [];
  while (!set.isAtEnd) {
    const attribute = set.readSequence();
    const oid = attribute.readOid();
    const { tag, contents } = attribute.readAny();
    attribute.end();
    attributes.push({ oid, value: decodeString(tag, contents) });
  }
  if (attributes.length === 0) throw new CryptoError('invalid-encoding', 'malformed DER: empty relative name');
  return attributes;
}

function encodeRdn(rdn: readonly NameAttribute[]): Uint8Array {
  return derSetOf(
    rdn.map(({ oid, value }) => {
      const { tag, contents } = encodeDirectoryString(value);
      return derSequence(derOid(oid), derValue(tag, contents));
    }),
  );
}

function formatAttribute({ oid, value }: NameAttribute): string {
  const known = KNOWN_ATTRIBUTES.get(oid);
  if (known !== undefined) return `${known}=${escapeValue(value)}`;
  const { tag, contents } = encodeDirectoryString(value);
  return `${oid}=#${derValue(tag, contents).toString('hex')}`;
}

/** Escapes as Go does: the special characters anywhere, a space or `#` in front, a space at the end. */
function escapeValue(value: string): string {
  const characters = [...value];
  const last = characters.length - 1;
  let text = '';
  for (const [index, character] of characters.entries()) {
    const isSpecial =
      ',+"\\<>;'.includes(character) ||
      (character === ' ' && (index === 0 || index === last)) ||
      (character === '#' && index === 0);
    text += isSpecial ? `\\${character}` : character;
  }
  return text;
}
