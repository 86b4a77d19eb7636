import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AgentReach } from '../../../src/lib/desiredentries/agent-reach.ts';
import { entryKey, idName, selectorNames } from '../../../src/lib/desiredentries/entry-fields.ts';
import { findBlastRadius } from '../../../src/lib/desiredentries/identity-effects.ts';
import { makePlan } from '../../../src/lib/desiredentries/plan.ts';
import { Agent } from '../../../src/lib/wire/gen/spire/api/types/agent.ts';
import { Entry } from '../../../src/lib/wire/gen/spire/api/types/entry.ts';
import { wiredEntries } from './arbitraries.ts';

const agent = (name: string, ...selectors: string[]): Agent =>
  Agent.create({
    id: { trustDomain: 'example.org', path: `/spire/agent/${name}` },
    selectors: selectors.map((value) => ({ type: 'unix', value })),
  });
const entry = (path: string, parent: string, selector: string, more: Partial<Entry> = {}): Entry =>
  Entry.create({
    id: path,
    spiffeId: { trustDomain: 'example.org', path },
    parentId: { trustDomain: 'example.org', path: parent },
    selectors: selector.split(' ').map((value) => ({ type: 'unix', value })),
    ...more,
  });

function radius(held: readonly Entry[], wanted: readonly Entry[], agents: readonly Agent[]) {
  const entries = wanted.map((each) => ({ entry: each, place: { file: 'f', line: 1, column: 1 } }));
  const unwanted = held
    .filter(({ id }) => !wanted.some((each) => each.id === id))
    .map(({ id }) => ({ id, place: { file: 'f', line: 1, column: 1 } }));
  const plan = makePlan({ entries, unwanted, classNames: [] }, held, {
    trustDomain: 'example.org',
    prune: false,
    makeId: () => 'new',
  });
  return findBlastRadius(plan, held, agents);
}

const told = ({ identities }: ReturnType<typeof radius>) =>
  identities.map(
    ({ spiffeId, effect, agents }) => `${effect} ${spiffeId.slice(20)} ${[...agents].map((id) => id.slice(33)).sort()}`,
  );

describe('the agents below a parent', () => {
  it('are those that walking up from it finds', () => {
    const agents = fc.subarray([agent('join_token/x', 'uid:1'), agent('two', 'uid:1', 'uid:2'), agent('three')]);
    fc.assert(
      fc.property(fc.array(wiredEntries, { maxLength: 12 }), agents, (entries, present) => {
        const reach = new AgentReach(entries, present);
        for (const parent of new Set(entries.map(({ parentId }) => idName(parentId)))) {
          expect([...reach.below(parent)].sort()).toEqual([...walkUp(parent, entries, present)].sort());
        }
      }),
      { numRuns: 300 },
    );
  });

  it('are no banned ones', () => {
    const banned = { ...agent('a'), banned: true };
    expect(
      new AgentReach([entry('/w', '/spire/agent/a', 'uid:1')], [banned]).below('spiffe://example.org/spire/agent/a')
        .size,
    ).toBe(0);
  });
});

describe('the blast radius', () => {
  const agents = [agent('a', 'uid:9'), agent('b', 'uid:9'), agent('c')];
  const alias = entry('/nodes', '/spire/server', 'uid:9');

  it('tells who loses an identity that is removed, by alias and by ID', () => {
    const held = [alias, entry('/w', '/nodes', 'uid:1'), entry('/v', '/spire/agent/c', 'uid:1')];
    const found = radius(held, [alias], agents);
    expect(told(found)).toEqual(['loses /w a,b', 'loses /v c']);
    expect(found.agents).toEqual([
      { agentId: 'spiffe://example.org/spire/agent/a', loses: 1, gains: 0, changes: 0 },
      { agentId: 'spiffe://example.org/spire/agent/b', loses: 1, gains: 0, changes: 0 },
      { agentId: 'spiffe://example.org/spire/agent/c', loses: 1, gains: 0, changes: 0 },
    ]);
  });

  it('tells of entries that stay and lead nowhere any more', () => {
    const held = [alias, entry('/w', '/nodes', 'uid:1')];
    expect(told(radius(held, held.slice(1), agents))).toEqual(['loses /nodes ', 'loses /w a,b']);
  });

  it('does not call lost what another entry makes up for', () => {
    const held = [alias, entry('/w', '/nodes', 'uid:1 uid:2'), { ...entry('/w', '/nodes', 'uid:1'), id: 'wide' }];
    expect(told(radius(held, [alias, held[2] as Entry], agents))).toEqual([]);
    expect(told(radius(held, [alias, held[1] as Entry], agents))).toEqual(['loses /w a,b']);
  });

  it('tells changes from losses and gains', () => {
    const held = [alias, entry('/w', '/nodes', 'uid:1')];
    const changed = (more: Partial<Entry>) => told(radius(held, [alias, { ...(held[1] as Entry), ...more }], agents));
    expect(changed({ x509SvidTtl: 60 })).toEqual(['changes /w a,b']);
    expect(changed({ selectors: [{ type: 'unix', value: 'uid:2' }] })).toEqual(['loses /w a,b', 'gains /w a,b']);
    expect(changed({ parentId: { trustDomain: 'example.org', path: '/spire/agent/a' } })).toEqual([
      'loses /w b',
      'changes /w a',
    ]);
    expect(changed({ spiffeId: { trustDomain: 'example.org', path: '/v' } })).toEqual(['loses /w a,b', 'gains /v a,b']);
  });

  it('says that a lost identity is lost: agents that have it before and not afterwards, by a naive look', () => {
    const states = fc.uniqueArray(wiredEntries, { maxLength: 6, selector: entryKey });
    const present = [agent('join_token/x', 'uid:1'), agent('two', 'uid:1', 'uid:2')];
    fc.assert(
      fc.property(states, states, (before, after) => {
        const withIds = (entries: readonly Entry[]) =>
          entries.map((each) => ({ ...each, id: entryKey(each).replace(/[^a-z0-9]+/g, '-') }));
        const [held, wanted] = [withIds(before), withIds(after)];
        const { identities } = radius(held, wanted, present);
        const lost = new Set(
          identities
            .filter(({ effect }) => effect === 'loses')
            .flatMap(({ spiffeId, agents: from }) => [...from].map((id) => `${spiffeId} ${id}`)),
        );
        for (const each of present) {
          const id = idName(each.id);
          for (const spiffeId of new Set(held.map((one) => idName(one.spiffeId)))) {
            const has = (entries: readonly Entry[]) =>
              entries.some(
                (one) => idName(one.spiffeId) === spiffeId && walkUp(idName(one.parentId), entries, present).has(id),
              );
            if (has(held) && !has(wanted)) expect(lost).toContain(`${spiffeId} ${id}`);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** Every agent from which a way leads down to the parent. */
function walkUp(
  parent: string,
  entries: readonly Entry[],
  agents: readonly Agent[],
  seen = new Set<string>(),
): Set<string> {
  const found = new Set<string>();
  if (seen.has(parent)) return found;
  const further = new Set([...seen, parent]);
  for (const each of agents) if (idName(each.id) === parent) found.add(parent);
  for (const each of entries) {
    if (idName(each.spiffeId) !== parent) continue;
    if (each.parentId?.path === '/spire/server') {
      for (const node of agents) {
        const names = selectorNames(node);
        if (selectorNames(each).every((name) => names.includes(name))) found.add(idName(node.id));
      }
    } else for (const id of walkUp(idName(each.parentId), entries, agents, further)) found.add(id);
  }
  return found;
}
