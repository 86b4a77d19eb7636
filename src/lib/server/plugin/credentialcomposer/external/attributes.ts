import { derOid } from '../../../../crypto/der/writer.ts';
import type { Extension } from '../../../../crypto/extensions.ts';
import { Name } from '../../../../crypto/name.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import { inField, invalidMessage } from '../../../../wire/convert/conversion-error.ts';
import type {
  DistinguishedName,
  X509CAAttributes,
  X509Extension,
  X509SVIDAttributes,
} from '../../../../wire/gen/spire/plugin/server/credentialcomposer/v1/credentialcomposer.ts';
import type { X509CaAttributes, X509SvidAttributes } from '../credential-composer.ts';

/** More than any certificate has; a bound on what a plugin can make of one. */
const MAX_ITEMS = 1_000;
const MAX_EXTENSION_BYTES = 16 * 1024;
const MAX_TEXT_LENGTH = 4_096;

export function x509CaAttributesToWire(attributes: X509CaAttributes): X509CAAttributes {
  return {
    subject: nameToWire(attributes.subject),
    policyIdentifiers: [...attributes.policyIdentifiers],
    extraExtensions: attributes.extraExtensions.map(extensionToWire),
  };
}

/** @throws SpirekitError `invalid-argument` */
export function x509CaAttributesFromWire(wire: X509CAAttributes): X509CaAttributes {
  return {
    subject: inField('subject', () => nameFromWire(wire.subject)),
    policyIdentifiers: inField('policy identifiers', () => bounded(wire.policyIdentifiers).map(checkOid)),
    extraExtensions: inField('extra extensions', () => bounded(wire.extraExtensions).map(extensionFromWire)),
  };
}

export function x509SvidAttributesToWire(attributes: X509SvidAttributes): X509SVIDAttributes {
  return {
    subject: nameToWire(attributes.subject),
    dnsSans: [...attributes.dnsNames],
    extraExtensions: attributes.extraExtensions.map(extensionToWire),
  };
}

/** @throws SpirekitError `invalid-argument` */
export function x509SvidAttributesFromWire(wire: X509SVIDAttributes): X509SvidAttributes {
  return {
    subject: inField('subject', () => nameFromWire(wire.subject)),
    dnsNames: inField('DNS SANs', () => bounded(wire.dnsSans).map(checkText)),
    extraExtensions: inField('extra extensions', () => bounded(wire.extraExtensions).map(extensionFromWire)),
  };
}

function nameToWire(name: Name): DistinguishedName {
  const fields = name.fields();
  return {
    country: [...(fields.country ?? [])],
    organization: [...(fields.organization ?? [])],
    organizationalUnit: [...(fields.organizationalUnit ?? [])],
    locality: [...(fields.locality ?? [])],
    province: [...(fields.province ?? [])],
    streetAddress: [...(fields.streetAddress ?? [])],
    postalCode: [...(fields.postalCode ?? [])],
    serialNumber: fields.serialNumber ?? '',
    commonName: fields.commonName ?? '',
    extraNames: name.others().map(({ oid, value }) => ({ oid, stringValue: value })),
  };
}

function nameFromWire(wire: DistinguishedName | undefined): Name {
  if (wire === undefined) throw invalidMessage('cannot be empty');
  const { serialNumber, commonName, extraNames, ...lists } = wire;
  for (const list of Object.values(lists)) bounded(list).forEach(checkText);
  return Name.of({
    ...lists,
    serialNumber: checkText(serialNumber),
    commonName: checkText(commonName),
    others: bounded(extraNames).map(({ oid, stringValue }) => ({ oid: checkOid(oid), value: checkText(stringValue) })),
  });
}

function extensionToWire({ oid, isCritical, value }: Extension): X509Extension {
  return { oid, critical: isCritical, value };
}

function extensionFromWire({ oid, critical, value }: X509Extension): Extension {
  if (value.length > MAX_EXTENSION_BYTES) {
    throw invalidMessage(`extension ${checkOid(oid)} has ${value.length} bytes, more than ${MAX_EXTENSION_BYTES}`);
  }
  return { oid: checkOid(oid), isCritical: critical, value: new Uint8Array(value) };
}

function bounded<T>(items: readonly T[]): readonly T[] {
  if (items.length > MAX_ITEMS) throw invalidMessage(`${items.length} items, more than ${MAX_ITEMS}`);
  return items;
}

function checkText(text: string): string {
  if (text.length > MAX_TEXT_LENGTH) throw invalidMessage(`a text of ${text.length} characters is too long`);
  return text;
}

function checkOid(text: string): string {
  try {
    derOid(checkText(text));
    return text;
  } catch (error) {
    throw invalidMessage(`invalid OID: ${SpirekitError.from(error).message}`, error);
  }
}
