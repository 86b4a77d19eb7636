import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/lib/why/explain.ts';
import type { AgentAnswer } from '../../../src/lib/why/facts.ts';
import { AGENT, AGENT_ID, entry, facts, NOW_MS, OPTIONS, PROCESS, serverAgent, TRAITS, told } from './facts.ts';

const fitting = entry('e1', '/web', ['unix:uid:1000']);
const caller = { ...PROCESS, isCaller: true };

function given(spiffeId: string, times: { notBeforeMs?: number; expiresAtMs?: number } = {}): AgentAnswer {
  const { notBeforeMs = NOW_MS - 1000, expiresAtMs = NOW_MS + 1000 } = times;
  return { kind: 'identities', identities: [{ spiffeId, hint: '', notBeforeMs, expiresAtMs }] };
}

describe('why', () => {
  it('names the entry that gives the identity', () => {
    const report = explain(facts(told([fitting])), OPTIONS);
    expect(report).toMatchObject({ hasIdentity: true, exit: 0, verdict: { code: 'SPK-2001', subject: 'entry e1' } });
    expect(report.identities).toMatchObject([{ spiffeId: 'spiffe://example.org/web', match: { entry: { id: 'e1' } } }]);
  });

  it('believes the agent about the process that asks, whatever the entries say', () => {
    const answer = given('spiffe://example.org/old');
    const report = explain(facts(told([fitting]), { subject: caller, agent: { ...AGENT, answer } }), OPTIONS);
    expect(report).toMatchObject({ exit: 0, verdict: { code: 'SPK-2001', subject: 'spiffe://example.org/old' } });
    expect(report.identities[0]?.match).toBeUndefined();
  });

  it('does not take another identity for the one that was asked for', () => {
    const answer = given('spiffe://example.org/web');
    const server = told([fitting, entry('e2', '/db', ['unix:uid:1000', 'unix:gid:5'])]);
    const wantedId = 'spiffe://example.org/db';
    const report = explain(facts(server, { subject: caller, wantedId, agent: { ...AGENT, answer } }), OPTIONS);
    expect(report).toMatchObject({ hasIdentity: false, exit: 4, verdict: { code: 'SPK-2411', subject: 'entry e2' } });
    expect(report.findings.map(({ code }) => code)).toContain('SPK-2004');
  });

  it.each([
    ['begins later', { notBeforeMs: NOW_MS + 60_000, expiresAtMs: NOW_MS + 120_000 }],
    ['has ended', { expiresAtMs: NOW_MS - 1 }],
  ])('F15: says that a clock is off if the certificate that it gets %s', (_, times) => {
    const answer = given('spiffe://example.org/web', times);
    const report = explain(facts(told([fitting]), { subject: caller, agent: { ...AGENT, answer } }), OPTIONS);
    expect(report).toMatchObject({ exit: 9, verdict: { code: 'SPK-2215' } });
  });

  it('says that agent and server disagree about an old entry that matches', () => {
    const report = explain(facts(told([fitting]), { subject: caller }), OPTIONS);
    expect(report).toMatchObject({ hasIdentity: false, exit: 4, verdict: { code: 'SPK-2217', subject: 'entry e1' } });
  });

  it('puts a path that only matches down to the agent that looks at no programs', () => {
    const server = told([entry('e1', '/web', ['unix:path:/usr/bin/web'])]);
    expect(explain(facts(server), OPTIONS).verdict).toMatchObject({ code: 'SPK-2430' });
    const unknown = { ...AGENT, settings: undefined };
    expect(explain(facts(server, { agent: unknown }), OPTIONS).verdict).toMatchObject({ code: 'SPK-2001' });
    const refused = facts(server, { agent: unknown, subject: caller });
    expect(explain(refused, OPTIONS).verdict).toMatchObject({ code: 'SPK-2430' });
  });

  it('cannot tell where entries reach some of several agents and nothing says which is here', () => {
    const agents = [serverAgent(), serverAgent({ id: `${AGENT_ID}/two` })];
    const agent = { ...AGENT, id: undefined, answer: { kind: 'not asked' } as const };
    const report = explain(facts(told([fitting], { agents }), { agent }), OPTIONS);
    expect(report).toMatchObject({ hasIdentity: undefined, exit: 4, verdict: { code: 'SPK-2208' } });
  });

  it('puts a banned agent before the socket that it left', () => {
    const agent = { ...AGENT, answer: { kind: 'absent', description: '' } as const };
    const banned = told([fitting], { agents: [serverAgent({ isBanned: true })] });
    expect(explain(facts(banned, { agent }), OPTIONS).verdict).toMatchObject({ code: 'SPK-2213' });
    expect(explain(facts(told([fitting]), { agent }), OPTIONS)).toMatchObject({
      exit: 3,
      verdict: { code: 'SPK-2201' },
    });
  });

  it('F36: says that an agent in a pid namespace of its own cannot see the process', () => {
    const agent = { ...AGENT, namespaceDepth: 2, pidNamespace: 'pid:[2]' };
    expect(explain(facts(told([fitting]), { agent }), OPTIONS).verdict).toMatchObject({ code: 'SPK-2102' });
    const inside = { ...TRAITS, namespaceDepth: 2, pidNamespace: 'pid:[3]' };
    const subject = { ...PROCESS, process: inside };
    expect(explain(facts(told([fitting]), { subject }), OPTIONS).verdict).toMatchObject({ code: 'SPK-2001' });
  });

  it('answers from the agent alone where the server cannot be asked', () => {
    const server = { kind: 'unreachable', address: '/run/server.sock', description: 'gone' } as const;
    const refused = explain(facts(server, { subject: caller }), OPTIONS);
    expect(refused).toMatchObject({ hasIdentity: false, exit: 4, verdict: { code: 'SPK-2301' } });
    const unknown = explain(facts(server), OPTIONS);
    expect(unknown).toMatchObject({ hasIdentity: undefined, exit: 3, verdict: { code: 'SPK-2302' } });
    const denied = explain(facts({ ...server, kind: 'refused' }), OPTIONS);
    expect(denied).toMatchObject({ exit: 5 });
    const answer = given('spiffe://example.org/web');
    const content = explain(facts(server, { subject: caller, agent: { ...AGENT, answer } }), OPTIONS);
    expect(content).toMatchObject({ exit: 0, verdict: { code: 'SPK-2001' } });
  });

  it('shows values that may be secret only when asked', () => {
    const server = told([entry('e1', '/web', ['unix:uid:1000', 'docker:env:TOKEN=hunter2'])]);
    const hidden = explain(facts(server), OPTIONS);
    expect(JSON.stringify(hidden.verdict)).not.toContain('hunter2');
    const open = explain(facts(server), { ...OPTIONS, showAll: true });
    expect(open.verdict.message).toContain('hunter2');
  });

  it('warns of a federated trust domain without roots', () => {
    const server = told([entry('e1', '/web', ['unix:uid:1000'], { federatesWith: ['other.test'] })], {
      bundles: new Map([['other.test', false]]),
    });
    const report = explain(facts(server), OPTIONS);
    expect(report).toMatchObject({ hasIdentity: true, exit: 0, verdict: { code: 'SPK-2002', subject: 'other.test' } });
  });

  it('reports no more entries than it was told to, and how many there are', () => {
    const entries = Array.from({ length: 30 }, (_, index) =>
      entry(`e${index}`, '/web', ['unix:uid:1000', `unix:gid:${index}`]),
    );
    const report = explain(facts(told(entries)), OPTIONS);
    expect(report.near).toHaveLength(5);
    expect(report.moreNear).toBe(25);
  });
});
