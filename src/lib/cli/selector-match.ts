import { SpirekitError } from '../runtime/errors.ts';
import { SelectorMatch_MatchBehavior as MatchBehavior } from '../wire/gen/spire/api/types/selector.ts';

/** The words of `-matchSelectorsOn` and `-matchFederatesWithOn`; both of the API's enums number them alike. */
const BEHAVIORS: ReadonlyMap<string, MatchBehavior> = new Map([
  ['exact', MatchBehavior.MATCH_EXACT],
  ['any', MatchBehavior.MATCH_ANY],
  ['superset', MatchBehavior.MATCH_SUPERSET],
  ['subset', MatchBehavior.MATCH_SUBSET],
]);

/**
 * @param refusal the message for another word
 * @throws SpirekitError `invalid-argument`
 */
export function parseMatchBehavior(word: string, refusal: string): MatchBehavior {
  const behavior = BEHAVIORS.get(word);
  if (behavior === undefined) throw new SpirekitError('invalid-argument', refusal);
  return behavior;
}
