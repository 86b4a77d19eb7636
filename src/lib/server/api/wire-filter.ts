import { SpirekitError } from '../../runtime/errors.ts';
import type { Selector } from '../../spiffe/selector.ts';
import { TrustDomain } from '../../spiffe/trust-domain.ts';
import { selectorsFromWire } from '../../wire/convert/selector.ts';
import type { FederatesWithMatch } from '../../wire/gen/spire/api/types/federateswith.ts';
import { FederatesWithMatch_MatchBehavior as Match } from '../../wire/gen/spire/api/types/federateswith.ts';
import type { SelectorMatch } from '../../wire/gen/spire/api/types/selector.ts';
import type { SetMatch } from '../datastore/entry-store.ts';
import type { PageRequest } from '../datastore/pagination.ts';

/** A filter by a set of selectors. Errors: `invalid-argument`, `invalid-selector`. */
export function selectorFilter(wire: SelectorMatch): { match: SetMatch; values: Selector[] } {
  const values = selectorsFromWire(wire.selectors);
  if (values.length === 0) throw new SpirekitError('invalid-argument', 'empty selector set');
  return { match: setMatch(wire.match), values };
}

/** A filter by a set of trust domains. Errors: `invalid-argument`, `invalid-trust-domain`. */
export function federatesWithFilter(wire: FederatesWithMatch): { match: SetMatch; values: TrustDomain[] } {
  const values = wire.trustDomains.map((name) => TrustDomain.parse(name));
  if (values.length === 0) throw new SpirekitError('invalid-argument', 'empty trust domain set');
  return { match: setMatch(wire.match), values };
}

/** A request without a page size wants everything. */
export function pageRequest(wire: { readonly pageSize: number; readonly pageToken: string }): PageRequest | undefined {
  return wire.pageSize > 0 ? { size: wire.pageSize, token: wire.pageToken } : undefined;
}

/** The numbers are the same in all messages that compare sets. */
function setMatch(wire: number): SetMatch {
  switch (wire) {
    case Match.MATCH_EXACT:
      return 'exact';
    case Match.MATCH_SUBSET:
      return 'subset';
    case Match.MATCH_SUPERSET:
      return 'superset';
    case Match.MATCH_ANY:
      return 'any';
  }
  throw new SpirekitError('invalid-argument', `unhandled match behavior ${wire}`);
}
