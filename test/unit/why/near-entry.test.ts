import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatSelector, parseSelector } from '../../../src/lib/spiffe/selector.ts';
import { explain } from '../../../src/lib/why/explain.ts';
import type { KnownEntry } from '../../../src/lib/why/known-entry.ts';
import { Reach } from '../../../src/lib/why/reach.ts';
import { AGENT_ID, entry, facts, NOW_MS, OPTIONS, PROCESS, serverAgent, told } from './facts.ts';

const selectors = ['unix:uid:1000', 'unix:uid:7', 'unix:gid:1000', 'unix:gid:8', 'unix:user:web', 'k8s:ns:prod'];
const paths = ['/a', '/b', '/c', '/d'];
const parents = [...paths, '/spire/agent/x509pop/one', '/spire/agent/x509pop/two', '/spire/server'];
const entries = fc
  .array(
    fc.record({
      path: fc.constantFrom(...paths),
      parent: fc.constantFrom(...parents),
      wanted: fc.uniqueArray(fc.constantFrom(...selectors), { minLength: 1, maxLength: 3 }),
      isExpired: fc.boolean(),
    }),
    { maxLength: 12 },
  )
  .map((wishes) =>
    wishes.map(({ path, parent, wanted, isExpired }, index) =>
      entry(`e${index}`, path, wanted, { parent, expiresAt: isExpired ? 1n : 0n }),
    ),
  );

/** What servers hand to an agent, worked out anew from the definition until nothing is added. */
function naiveReach(all: readonly KnownEntry[], nodeSelectors: readonly string[]): Set<string> {
  const current = all.filter(({ wire }) => wire.expiresAt === 0n);
  const isAlias = (each: KnownEntry): boolean =>
    each.parentId === 'spiffe://example.org/spire/server' &&
    each.selectors.every((selector) => nodeSelectors.includes(formatSelector(selector)));
  const ids = new Set([AGENT_ID, ...current.filter(isAlias).map(({ spiffeId }) => spiffeId)]);
  for (let before = -1; before !== ids.size; ) {
    before = ids.size;
    for (const { parentId, spiffeId } of current) {
      if (parentId !== 'spiffe://example.org/spire/server' && ids.has(parentId)) ids.add(spiffeId);
    }
  }
  return ids;
}

describe('what leads to an agent', () => {
  it('is what the definition says', () => {
    fc.assert(
      fc.property(entries, fc.subarray(selectors), (all, node) => {
        const agent = serverAgent({ selectors: node.map(parseSelector) });
        const reach = new Reach(all, [agent], NOW_MS);
        const ids = naiveReach(all, node);
        for (const each of all) {
          expect(reach.leadsTo(each)).toBe(!each.isNodeAlias && ids.has(each.parentId));
        }
      }),
    );
  });
});

describe('entries that match', () => {
  it('are those with all selectors met that lead to the agent, and the others come by nearness', () => {
    const have = new Set(PROCESS.selectors.map(formatSelector));
    fc.assert(
      fc.property(entries, (all) => {
        const ids = naiveReach(all, []);
        const isMatch = (each: KnownEntry): boolean =>
          !each.isNodeAlias &&
          each.wire.expiresAt === 0n &&
          ids.has(each.parentId) &&
          each.selectors.every((selector) => have.has(formatSelector(selector)));
        const report = explain(facts(told(all)), { ...OPTIONS, mostNear: 1000 });
        const matches = report.identities.map(({ match }) => match?.entry.id);
        expect(matches).toEqual(
          all
            .filter(isMatch)
            .map(({ id }) => id)
            .sort(),
        );
        expect(report.exit).toBe(matches.length > 0 ? 0 : 4);
        const distances = report.near.map(({ distance }) => distance);
        expect(distances).toEqual(distances.toSorted((a, b) => a - b));
        for (const { entry: each, obstacles, met } of report.near) {
          expect(isMatch(each)).toBe(false);
          expect(obstacles.length).toBeGreaterThan(0);
          const contradicts = obstacles.some(({ code }) => code === 'SPK-2420');
          if (!contradicts) {
            const texts = each.selectors.map(formatSelector);
            expect(met.map(formatSelector)).toEqual(texts.filter((text) => have.has(text)));
          }
        }
      }),
    );
  });

  it('hold for any selectors and IDs that a server may send, without harm to the terminal or the clock', () => {
    const text = fc.string({ unit: 'binary', maxLength: 40 });
    const wish = fc.record({
      id: text,
      path: text,
      type: text,
      value: text,
      parent: text,
      hint: text,
      at: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    });
    fc.assert(
      fc.property(fc.array(wish, { maxLength: 5 }), (wishes) => {
        const all = wishes.map(({ id, path, type, value, parent, hint, at }) =>
          entry(id, path, [], { parent, hint, expiresAt: at, createdAt: at, selectors: [{ type, value }] }),
        );
        const report = explain(facts(told(all)), OPTIONS);
        expect([0, 4]).toContain(report.exit);
      }),
    );
  });
});
