import { CryptoError } from '../../src/lib/crypto/crypto-error.ts';
import { Name } from '../../src/lib/crypto/name.ts';

const KNOWN = new Set(
  Name.of({
    ...{ country: ['x'], province: ['x'], locality: ['x'], streetAddress: ['x'], postalCode: ['x'] },
    ...{ organization: ['x'], organizationalUnit: ['x'], commonName: 'x', serialNumber: 'x' },
  }).rdns.flatMap((rdn) => rdn.map(({ oid }) => oid)),
);

/** Any bytes are refused, or are a name whose known attributes can be written, read again and told apart in print. */
export function target(bytes: Uint8Array): void {
  let name: Name;
  try {
    name = Name.parse(bytes);
  } catch (error) {
    if (error instanceof CryptoError && error.code === 'invalid-encoding') return;
    throw error;
  }
  if (Buffer.compare(name.der, bytes) !== 0) throw new Error('other bytes than were given');
  const again = Name.parse(Name.of(name.fields()).der);
  if (JSON.stringify(again.fields()) !== JSON.stringify(name.fields()))
    throw new Error('fields changed by being written');
  if (!name.equals(Name.parse(name.der)) || name.isEmpty !== (name.rdns.length === 0))
    throw new Error('not equal to itself');
  const printed = name.rdns.flat().filter(({ oid }) => !KNOWN.has(oid)).length + again.rdns.flat().length;
  // An escape stands before every separator that is part of a value.
  const separators = name.rfc2253().replaceAll(/\\./gsu, '').split(/[,+]/u).length - 1;
  if (separators !== Math.max(0, printed - 1)) throw new Error(`${separators} separators for ${printed} attributes`);
}
