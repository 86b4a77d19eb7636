import { describe, expect, it } from 'vitest';
import { agentFilter, agentFilterFlags } from '../../../src/lib/cli/agent-filter.ts';
import { entryFilter, entryFilterFlags } from '../../../src/lib/cli/entry-filter.ts';
import { GoFlagSet } from '../../../src/lib/cli/go-flags.ts';
import { FederatesWithMatch_MatchBehavior as Federated } from '../../../src/lib/wire/gen/spire/api/types/federateswith.ts';
import { SelectorMatch_MatchBehavior as Match } from '../../../src/lib/wire/gen/spire/api/types/selector.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const entries = (...argv: string[]) =>
  entryFilter(new GoFlagSet('entry show', entryFilterFlags, 'spire-server').parse(argv).values);
const agents = (...argv: string[]) => {
  const { values: flags, given } = new GoFlagSet('agent list', agentFilterFlags, 'spire-server').parse(argv);
  return agentFilter({ flags, given, clock: new ManualClock(Date.UTC(2031, 4, 6, 7, 8, 9)) });
};

describe('-expired', () => {
  it('asks for agents whose SVID ended before a moment that SPIRE reads, and goes with no other moment', () => {
    expect(agents('-expired', '72h').byExpiresBefore).toBe('2031-05-03 07:08:09 +0000 +00');
    expect(agents('-expired', '0s').byExpiresBefore).toBe('2031-05-06 07:08:09 +0000 +00');
    expect(agents().byExpiresBefore).toBe('');
    const both = ['-expired', '1h', '-expiresBefore', '2031-05-06 07:08:09 +0000 +00'];
    expect(() => agents(...both)).toThrow('give one of -expired and -expiresBefore');
  });
});

describe('entryFilter', () => {
  it('asks for all entries by asking for those that are not downstream, as SPIRE does', () => {
    const filter = entries();
    expect(filter.byDownstream).toBe(false);
    expect(Object.entries(filter).filter(([, value]) => value !== undefined)).toEqual([['byDownstream', false]]);
  });

  it('takes every flag', () => {
    const filter = entries(
      ...['-parentID', 'spiffe://a/p', '-spiffeID', 'spiffe://a/s', '-downstream', '-hint', 'h', '-selector', 'x:y:z'],
      ...['-matchSelectorsOn', 'exact', '-federatesWith', 'b', '-federatesWith', 'c', '-matchFederatesWithOn', 'any'],
    );
    expect(filter).toEqual({
      byParentId: { trustDomain: 'a', path: '/p' },
      bySpiffeId: { trustDomain: 'a', path: '/s' },
      bySelectors: { selectors: [{ type: 'x', value: 'y:z' }], match: Match.MATCH_EXACT },
      byFederatesWith: { trustDomains: ['b', 'c'], match: Federated.MATCH_ANY },
      byHint: 'h',
      byDownstream: true,
    });
  });

  it('numbers the match modes of selectors and of trust domains alike', () => {
    for (const name of ['MATCH_EXACT', 'MATCH_SUBSET', 'MATCH_SUPERSET', 'MATCH_ANY'] as const) {
      expect(Match[name]).toBe(Federated[name]);
    }
  });

  it.each<[string[], string]>([
    [['-parentID', 'x'], 'error parsing parent ID "x": scheme is missing or invalid'],
    [['-spiffeID', 'x'], 'error parsing SPIFFE ID "x": scheme is missing or invalid'],
    [['-selector', 'x'], 'error parsing selectors: selector "x" must be formatted as type:value'],
    [['-selector', 'x', '-matchSelectorsOn', 'nonsense'], 'match behavior "nonsense" unknown'],
    [['-federatesWith', 'x', '-matchFederatesWithOn', 'nonsense'], 'match behavior "nonsense" unknown'],
  ])('refuses %j in the words of SPIRE', (argv, message) => {
    expect(() => entries(...argv)).toThrow(expect.objectContaining({ message }));
  });

  it('does not look at a match mode that matches nothing', () => {
    expect(entries('-matchSelectorsOn', 'nonsense').bySelectors).toBeUndefined();
  });
});

describe('agentFilter', () => {
  it('asks for all agents when nothing is said', () => {
    expect(agents()).toEqual({ byAttestationType: '', byExpiresBefore: '' });
  });

  it('takes every flag', () => {
    const moment = '2026-01-02 15:04:05 -0700 -07';
    const argv = [
      '-selector',
      'a:b',
      '-matchSelectorsOn',
      'subset',
      '-attestationType',
      'x509pop',
      '-canReattest',
      'true',
    ];
    expect(agents(...argv, '-banned', 'false', '-expiresBefore', moment)).toEqual({
      bySelectorMatch: { selectors: [{ type: 'a', value: 'b' }], match: Match.MATCH_SUBSET },
      byAttestationType: 'x509pop',
      byCanReattest: true,
      byBanned: false,
      byExpiresBefore: moment,
    });
  });

  it('takes neither true nor false as no matter', () => {
    expect(agents('-banned', 'maybe').byBanned).toBeUndefined();
  });

  it.each<[string[], string]>([
    [['-selector', 'x'], 'error parsing selector "x": selector "x" must be formatted as type:value'],
    [['-selector', 'a:b', '-matchSelectorsOn', 'nonsense'], 'unsupported match behavior'],
    [
      ['-expiresBefore', 'yesterday'],
      'date is not valid: parsing time "yesterday" as "2006-01-02 15:04:05 -0700 -07": cannot parse "yesterday" as "2006"',
    ],
  ])('refuses %j in the words of SPIRE', (argv, message) => {
    expect(() => agents(...argv)).toThrow(expect.objectContaining({ message }));
  });
});
