import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanFindings, cleanJson, cleanTable, formatClean } from '../../../src/lib/cli/pretty/agent-clean.ts';
import {
  findStaleAgents,
  type RemovalOutcome,
  removeStaleAgents,
  type StaleAgent,
} from '../../../src/lib/overview/stale-agents.ts';
import { AgentDefinition, BanAgentRequest } from '../../../src/lib/wire/gen/spire/api/server/agent/v1/agent.ts';
import { EntryDefinition } from '../../../src/lib/wire/gen/spire/api/server/entry/v1/entry.ts';
import { Entry } from '../../../src/lib/wire/gen/spire/api/types/entry.ts';
import { ServerHome } from '../server/running-server.ts';

const HOUR_MS = 3_600_000;
const EVERYONE = { olderThanMs: HOUR_MS, includesLost: true, includesBanned: true };

describe('stale agents', () => {
  it('are those whose SVID ended long ago, with the entries below them; and are removed if they are still the same', async () => {
    await using home = new ServerHome();
    const server = await home.start();
    const rpc = home.local();
    const ids: string[] = [];
    for (let index = 0; index < 3; index += 1) {
      home.clock.advance(1_100);
      ids.push((await home.attest(server)).agentId.path);
    }
    const [first = '', second = '', third = ''] = ids;
    await rpc.unary(
      AgentDefinition,
      'banAgent',
      BanAgentRequest.create({ id: { trustDomain: 'example.org', path: second } }),
    );
    const entry = Entry.create({
      spiffeId: { trustDomain: 'example.org', path: '/web' },
      parentId: { trustDomain: 'example.org', path: first },
      selectors: [{ type: 'unix', value: 'uid:1' }],
    });
    await rpc.unary(EntryDefinition, 'batchCreateEntry', { entries: [entry], outputMask: undefined });
    expect(await findStaleAgents(rpc, EVERYONE, home)).toEqual([]);
    home.clock.advance(3 * HOUR_MS);
    const found = await findStaleAgents(rpc, EVERYONE, home);
    expect(found.map(({ id, entryCount, isBanned }) => [id.path, entryCount, isBanned])).toEqual([
      [first, 1, false],
      [second, 0, true],
      [third, 0, false],
    ]);
    expect(await findStaleAgents(rpc, { ...EVERYONE, includesLost: false }, home)).toEqual([]);
    const unbanned = await findStaleAgents(rpc, { ...EVERYONE, includesBanned: false }, home);
    expect(unbanned.map(({ id }) => id.path)).toEqual([first, third]);
    const [a, , c] = found;
    if (a === undefined || c === undefined) throw new Error('three were found');
    const outcomes = new Map<StaleAgent, RemovalOutcome>();
    const gone = { ...c, id: { trustDomain: 'example.org', path: '/spire/agent/join_token/gone' } };
    const renewed = { ...c, expiredAtMs: c.expiredAtMs - 1000 };
    await removeStaleAgents(rpc, [a, gone, renewed], { onOutcome: (agent, outcome) => outcomes.set(agent, outcome) });
    expect([outcomes.get(a), outcomes.get(gone), outcomes.get(renewed)]).toEqual(['removed', 'gone', 'came-back']);
    expect((await findStaleAgents(rpc, EVERYONE, home)).map(({ id }) => id.path)).toEqual([second, third]);
  });
});

describe('the texts of agent clean', () => {
  const text = fc.string({ unit: 'binary' });
  const agent: fc.Arbitrary<StaleAgent> = fc.record({
    id: fc.record({ trustDomain: text, path: text }),
    attestationType: text,
    expiredAtMs: fc.double(),
    canReattest: fc.boolean(),
    isBanned: fc.boolean(),
    entryCount: fc.nat(),
  });

  it('hold no control character and a row an agent, whatever the server says', () => {
    fc.assert(
      fc.property(fc.array(agent), fc.boolean(), (agents, isDryRun) => {
        const report = { atMs: 0, isDryRun, agents, outcomes: new Map() };
        expect(formatClean(report).replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
        expect(cleanTable(report).rows).toHaveLength(agents.length);
        expect(cleanJson(report)).toMatchObject({ schema: 'agent-clean/v1', dry_run: isDryRun });
        expect(cleanFindings(agents).length).toBeLessThanOrEqual(3);
      }),
    );
  });
});
