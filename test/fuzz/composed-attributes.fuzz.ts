import { Name } from '../../src/lib/crypto/name.ts';
import { SpirekitError } from '../../src/lib/runtime/errors.ts';
import {
  x509CaAttributesFromWire,
  x509SvidAttributesFromWire,
  x509SvidAttributesToWire,
} from '../../src/lib/server/plugin/credentialcomposer/external/attributes.ts';
import {
  X509CAAttributes,
  X509SVIDAttributes,
} from '../../src/lib/wire/gen/spire/plugin/server/credentialcomposer/v1/credentialcomposer.ts';

/** What a plugin sends is refused as invalid, or makes a subject that can be read and attributes that come back. */
export function target(bytes: Uint8Array): void {
  const svid = decodeOrNothing(() => X509SVIDAttributes.decode(bytes));
  const ca = decodeOrNothing(() => X509CAAttributes.decode(bytes));
  if (ca !== undefined) refusedOr(() => Name.parse(x509CaAttributesFromWire(ca).subject.der));
  if (svid === undefined) return;
  refusedOr(() => {
    const attributes = x509SvidAttributesFromWire(svid);
    const again = x509SvidAttributesFromWire(x509SvidAttributesToWire(attributes));
    if (attributesOf(again.subject) !== attributesOf(attributes.subject)) throw new Error('another subject');
    if (again.dnsNames.join() !== attributes.dnsNames.join()) throw new Error('other names');
  });
}

/** Of a kind that has a field of its own, an extra attribute comes back in that field. */
function attributesOf(name: Name): string {
  const attributes = Name.parse(name.der).rdns.flat();
  // Common name and serial number are there once.
  const texts = attributes.map(({ oid, value }) => (/^2\.5\.4\.[35]$/.test(oid) ? oid : `${oid}=${value}`));
  return [...new Set(texts)].sort().join();
}

function decodeOrNothing<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}

function refusedOr(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof SpirekitError)) throw error;
  }
}
