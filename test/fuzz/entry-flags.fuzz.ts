import { createEntryFlags, newEntry } from '../../src/lib/cli/entry-flags.ts';
import { checkFederationFields } from '../../src/lib/cli/federation-fields.ts';
import { GoFlagSet } from '../../src/lib/cli/go-flags.ts';
import { SpirekitError } from '../../src/lib/runtime/errors.ts';
import { Entry } from '../../src/lib/wire/gen/spire/api/types/entry.ts';

const CODES = ['usage', 'invalid-argument', 'invalid-spiffe-id', 'invalid-selector', 'invalid-trust-domain'];

/** Any arguments (one a line) of `entry create` are refused with a code, or are an entry that a request can carry. */
export function target(bytes: Uint8Array): void {
  const argv = new TextDecoder().decode(bytes).split('\n');
  const entry = refusedOr(() =>
    newEntry(new GoFlagSet('entry create', createEntryFlags, 'spire-server').parse(argv).values),
  );
  if (entry !== undefined) {
    if (entry.spiffeId === undefined || entry.parentId === undefined || entry.selectors.length === 0)
      throw new Error('incomplete');
    if ((entry.x509SvidTtl | 0) !== entry.x509SvidTtl || entry.x509SvidTtl < 0)
      throw new Error('a lifetime out of range');
    const again = Entry.decode(Entry.encode(entry).finish());
    if (again.selectors.length !== entry.selectors.length || again.expiresAt !== entry.expiresAt)
      throw new Error('changed on its way');
  }
  const [trustDomain = '', bundleEndpointUrl = '', bundleEndpointProfile = '', endpointSpiffeId = ''] = argv;
  refusedOr(() => checkFederationFields({ trustDomain, bundleEndpointUrl, bundleEndpointProfile, endpointSpiffeId }));
}

function refusedOr<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof SpirekitError && CODES.includes(error.code)) return undefined;
    throw error;
  }
}
