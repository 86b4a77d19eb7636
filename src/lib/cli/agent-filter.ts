import { SpirekitError } from '../runtime/errors.ts';
import { nanosecondsToMs } from '../runtime/go-duration.ts';
import { goQuote } from '../runtime/go-quote.ts';
import { parseSelector } from '../spiffe/selector.ts';
import { ListAgentsRequest_Filter as AgentFilter } from '../wire/gen/spire/api/server/agent/v1/agent.ts';
import type { CommandContext } from './command-context.ts';
import { within } from './error-context.ts';
import { checkExpiresBefore } from './expires-before.ts';
import { flag } from './go-flags.ts';
import { formatGoTime } from './go-time.ts';
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
  expired: flag.duration({
    usage: 'Only agents whose SVID ended at least this long ago; 0s for all that ended',
    isExtension: true,
  }),
  matchSelectorsOn: flag.string({
    usage: 'How -selector is compared: exact, any, superset or subset',
    default: 'superset',
  }),
} as const;

/**
 * The filter of `ListAgents`, which has the fields of `CountAgents`' too.
 *
 * @throws SpirekitError `invalid-selector`, `invalid-argument` (a match mode that does not exist, a malformed time), `usage` for
 *   two times
 */
export function agentFilter({
  flags,
  given,
  clock,
}: Pick<CommandContext<typeof agentFilterFlags>, 'flags' | 'given' | 'clock'>): AgentFilter {
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
  if (given.has('expired')) {
    if (flags.expiresBefore !== '') throw new SpirekitError('usage', 'give one of -expired and -expiresBefore');
    const limitMs = clock.nowMs() - nanosecondsToMs(flags.expired);
    filter.byExpiresBefore = formatGoTime(BigInt(Math.floor(limitMs / 1000)), IN_NUMBERS);
  }
  return filter;
}

/** UTC as the layout of `-expiresBefore` has it. */
const IN_NUMBERS = { offsetSeconds: 0, abbreviation: '+00' };
