import { goQuote } from '../runtime/go-quote.ts';
import { parseSelector } from '../spiffe/selector.ts';
import { ListEntriesRequest_Filter as EntryFilter } from '../wire/gen/spire/api/server/entry/v1/entry.ts';
import { within } from './error-context.ts';
import { type FlagValues, flag } from './go-flags.ts';
import { parseIdFlag } from './id-flag.ts';
import { parseMatchBehavior } from './selector-match.ts';

/** The flags by which `entry show` and `entry count` choose entries. */
export const entryFilterFlags = {
  parentID: flag.string({ usage: 'Only entries with this parent SPIFFE ID' }),
  spiffeID: flag.string({ usage: 'Only entries with this SPIFFE ID' }),
  downstream: flag.bool({ usage: 'Only entries of downstream SPIRE servers' }),
  selector: flag.strings({ usage: 'Only entries with this selector, written type:value; may be repeated' }),
  federatesWith: flag.strings({ usage: 'Only entries that federate with this trust domain; may be repeated' }),
  matchFederatesWithOn: flag.string({
    usage: 'How -federatesWith is compared: exact, any, superset or subset',
    default: 'superset',
  }),
  matchSelectorsOn: flag.string({
    usage: 'How -selector is compared: exact, any, superset or subset',
    default: 'superset',
  }),
  hint: flag.string({ usage: 'Only entries with this hint' }),
} as const;

/**
 * The filter of `ListEntries`, which has the fields of `CountEntries`' too. Without `-downstream` it says
 * `by_downstream = false`, as SPIRE's CLI does; servers read that as "no matter".
 *
 * @throws SpirekitError `invalid-spiffe-id`, `invalid-selector`, `invalid-argument` (a match mode that does not exist)
 */
export function entryFilter(flags: FlagValues<typeof entryFilterFlags>): EntryFilter {
  const filter = EntryFilter.create({ byDownstream: flags.downstream });
  if (flags.parentID !== '') {
    filter.byParentId = within(`error parsing parent ID ${goQuote(flags.parentID)}`, () => parseIdFlag(flags.parentID));
  }
  if (flags.spiffeID !== '') {
    filter.bySpiffeId = within(`error parsing SPIFFE ID ${goQuote(flags.spiffeID)}`, () => parseIdFlag(flags.spiffeID));
  }
  if (flags.selector.length > 0) {
    const match = matchBehavior(flags.matchSelectorsOn);
    const selectors = flags.selector.map((text) => within('error parsing selectors', () => parseSelector(text)));
    filter.bySelectors = { selectors, match };
  }
  if (flags.federatesWith.length > 0) {
    filter.byFederatesWith = {
      trustDomains: [...flags.federatesWith],
      match: matchBehavior(flags.matchFederatesWithOn),
    };
  }
  if (flags.hint !== '') filter.byHint = flags.hint;
  return filter;
}

function matchBehavior(word: string): ReturnType<typeof parseMatchBehavior> {
  return parseMatchBehavior(word, `match behavior ${goQuote(word)} unknown`);
}
