import { goQuote } from '../runtime/go-quote.ts';
import { parseSelector } from '../spiffe/selector.ts';
import { ListAgentsRequest_Filter as AgentFilter } from '../wire/gen/spire/api/server/agent/v1/agent.ts';
import { within } from './error-context.ts';
import { checkExpiresBefore } from './expires-before.ts';
import { type FlagValues, flag } from './go-flags.ts';
import { parseMatchBehavior } from './selector-match.ts';

/** The flags by which `agent list` and `agent count` choose agents. */
export const agentFilterFlags = {
  selector: flag.strings({ usage: 'Only agents with this selector, written type:value; may be repeated' }),
  attestationType: flag.string({ usage: 'Only agents attested this way, such as join_token or x509pop' }),
  canReattest: flag.triState({ usage: "Only agents that can ('true') or cannot ('false') attest again; else all" }),
  banned: flag.triState({ usage: "Only agents that are banned ('true') or not ('false'); else all" }),
  expiresBefore: flag.string({
    usage: 'Only agents whose SVID expires before this time (format: "2006-01-02 15:04:05 -0700 -07")',
  }),
  matchSelectorsOn: flag.string({
    usage: 'How -selector is compared: exact, any, superset or subset',
    default: 'superset',
  }),
} as const;

/**
 * The filter of `ListAgents`, which has the fields of `CountAgents`' too.
 *
 * @throws SpirekitError `invalid-selector`, `invalid-argument` (a match mode that does not exist, a malformed time)
 */
export function agentFilter(flags: FlagValues<typeof agentFilterFlags>): AgentFilter {
  const filter = AgentFilter.create({
    byAttestationType: flags.attestationType,
    byCanReattest: flags.canReattest,
    byBanned: flags.banned,
  });
  if (flags.selector.length > 0) {
    const match = parseMatchBehavior(flags.matchSelectorsOn, 'unsupported match behavior');
    const selectors = flags.selector.map((text) =>
      within(`error parsing selector ${goQuote(text)}`, () => parseSelector(text)),
    );
    filter.bySelectorMatch = { selectors, match };
  }
  if (flags.expiresBefore !== '') {
    within('date is not valid', () => checkExpiresBefore(flags.expiresBefore));
    filter.byExpiresBefore = flags.expiresBefore;
  }
  return filter;
}
