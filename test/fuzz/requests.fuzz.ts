import { SpirekitError } from '../../src/lib/runtime/errors.ts';
import { agentFilterFromWire } from '../../src/lib/server/api/agent/v1/agent-filter.ts';
import { parseFederatedTrustDomain } from '../../src/lib/server/api/bundle/v1/federated-bundles.ts';
import { entryFilterFromWire } from '../../src/lib/server/api/entry/v1/entry-filter.ts';
import { checkNewEntry, checkRepetition } from '../../src/lib/server/datastore/entry-rules.ts';
import { TrustDomain } from '../../src/lib/spiffe/trust-domain.ts';
import { requestedEntryFromWire } from '../../src/lib/wire/convert/entry.ts';
import { ListAgentsRequest_Filter } from '../../src/lib/wire/gen/spire/api/server/agent/v1/agent.ts';
import { ListEntriesRequest_Filter } from '../../src/lib/wire/gen/spire/api/server/entry/v1/entry.ts';
import { Entry } from '../../src/lib/wire/gen/spire/api/types/entry.ts';

const domain = TrustDomain.parse('example.org');

/** Whatever bytes a client sends as a filter or an entry, the server refuses them with a code, or asks for what is valid. */
export function target(bytes: Uint8Array): void {
  const agents = read(bytes, ListAgentsRequest_Filter, agentFilterFromWire);
  if (agents?.expiresBeforeSeconds !== undefined && !Number.isSafeInteger(agents.expiresBeforeSeconds)) {
    throw new Error('no moment');
  }
  const entries = read(bytes, ListEntriesRequest_Filter, (wire) => entryFilterFromWire(domain, wire));
  for (const id of [entries?.parentId, entries?.spiffeId]) {
    if (id?.isMemberOf(domain) === false) throw new Error('an ID of another trust domain');
  }
  const entry = read(bytes, Entry, (wire) => requestedEntryFromWire(domain, wire).entry);
  if (entry === undefined) return;
  if (!entry.spiffeId.isMemberOf(domain) || !entry.parentId.isMemberOf(domain))
    throw new Error('of another trust domain');
  refusedOr(() => checkNewEntry(entry));
  refusedOr(() => checkRepetition(entry));
  const other = refusedOr(() => parseFederatedTrustDomain(domain, entry.hint, 'bundle'));
  if (other?.equals(domain) === true) throw new Error('federated with itself');
}

function read<W, T>(
  bytes: Uint8Array,
  codec: { decode(bytes: Uint8Array): W },
  convert: (wire: W) => T,
): T | undefined {
  let wire: W;
  try {
    wire = codec.decode(bytes);
  } catch {
    // No message: the transport refuses it.
    return undefined;
  }
  return refusedOr(() => convert(wire));
}

function refusedOr<T>(step: () => T): T | undefined {
  try {
    return step();
  } catch (error) {
    if (error instanceof SpirekitError && error.code !== 'unknown') return undefined;
    throw error;
  }
}
