import type { RotationKnowledge } from '../rotation/rotation-knowledge.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { nanosecondsToMs } from '../runtime/go-duration.ts';
import { goQuote } from '../runtime/go-quote.ts';
import { type FlagValues, flag } from './go-flags.ts';

/** The flags of `authority rotate` by which it learns what no server tells. */
export const knowledgeFlags = {
  spread: flag.duration({
    usage:
      'How long a change of the bundle takes until agents and federated trust domains have it; default: estimated, 15 s without federation',
  }),
  settle: flag.duration({
    usage:
      'With --watch: revoke so long after the taint, instead of when the last SVID of the old authority has ended; for sites whose workloads all get theirs by a stream',
  }),
  activatedAt: flag.string({ usage: 'When the successor took over, in RFC 3339, if known; default: as far as seen' }),
  preparedAt: flag.string({ usage: 'When the successor of a JWT key was prepared, in RFC 3339; default: estimated' }),
  defaultTTL: flag.duration({
    usage: 'default_x509_svid_ttl or default_jwt_svid_ttl of the server; default: learned from an SVID minted for that',
  }),
  agentTTL: flag.duration({ usage: 'agent_ttl of the server; default: estimated from its agents' }),
} as const;

/**
 * What the flags say.
 *
 * @throws SpirekitError `usage` for a time that is none
 */
export function givenKnowledge(
  flags: FlagValues<typeof knowledgeFlags>,
  given: ReadonlySet<string>,
): RotationKnowledge {
  const ms = (name: 'spread' | 'settle' | 'defaultTTL' | 'agentTTL'): number | undefined =>
    given.has(name) ? nanosecondsToMs(flags[name]) : undefined;
  const seconds = (value: number | undefined): number | undefined => (value === undefined ? undefined : value / 1000);
  return {
    spreadMs: ms('spread'),
    settleMs: ms('settle'),
    activatedAtMs: parseMoment('activated-at', flags.activatedAt),
    preparedAtMs: parseMoment('prepared-at', flags.preparedAt),
    defaultTtlSeconds: seconds(ms('defaultTTL')),
    agentTtlSeconds: seconds(ms('agentTTL')),
  };
}

/** Reads a moment in RFC 3339, in milliseconds since the Unix epoch; undefined for an empty text. Error: `usage`. */
export function parseMoment(flagName: string, text: string): number | undefined {
  if (text === '') return undefined;
  const isShaped = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/.test(text);
  const ms = isShaped ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) {
    throw new SpirekitError('usage', `--${flagName}: ${goQuote(text)} is no moment such as 2006-01-02T15:04:05Z`);
  }
  return ms;
}
