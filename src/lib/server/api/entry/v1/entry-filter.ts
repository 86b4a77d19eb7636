import type { TrustDomain } from '../../../../spiffe/trust-domain.ts';
import { inField } from '../../../../wire/convert/conversion-error.ts';
import { memberIdFromWire, workloadIdFromWire } from '../../../../wire/convert/spiffe-id.ts';
import type { ListEntriesRequest_Filter } from '../../../../wire/gen/spire/api/server/entry/v1/entry.ts';
import type { EntryFilter } from '../../../datastore/entry-store.ts';
import { federatesWithFilter, selectorFilter } from '../../wire-filter.ts';

/** The filter of a request to list or count entries. Error: `invalid-argument`, in SPIRE's order and words. */
export function entryFilterFromWire(
  trustDomain: TrustDomain,
  wire: ListEntriesRequest_Filter | undefined,
): EntryFilter {
  if (wire === undefined) return {};
  const { byParentId, bySpiffeId, bySelectors, byFederatesWith, byHint, byDownstream } = wire;
  return {
    hint: byHint,
    parentId: optional('malformed parent ID filter', byParentId, (id) => memberIdFromWire(trustDomain, id)),
    spiffeId: optional('malformed SPIFFE ID filter', bySpiffeId, (id) => workloadIdFromWire(trustDomain, id)),
    selectors: optional('malformed selectors filter', bySelectors, selectorFilter),
    federatesWith: optional('malformed federates with filter', byFederatesWith, federatesWithFilter),
    // Clients send false for "no filter".
    downstream: byDownstream === true ? true : undefined,
  };
}

function optional<Wire, T>(field: string, wire: Wire | undefined, convert: (wire: Wire) => T): T | undefined {
  return wire === undefined ? undefined : inField(field, () => convert(wire));
}
