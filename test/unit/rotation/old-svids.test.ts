import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AuthorityLook } from '../../../src/lib/rotation/authority-look.ts';
import { findOldSvids } from '../../../src/lib/rotation/old-svids.ts';
import { rotationState } from '../../../src/lib/rotation/rotation-phase.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = Date.UTC(2031, 4, 6, 12);

/** An old authority of a day, and the one that took over from it. */
function lookAfterActivation(endMs: number): AuthorityLook {
  const old = { authorityId: 'aa', expiresAtMs: endMs };
  const active = { authorityId: 'bb', expiresAtMs: endMs + 24 * HOUR_MS };
  return {
    kind: 'x509',
    trustDomain: 'example.org',
    atMs: NOW_MS,
    slots: [
      { slot: 'active', upstreamAuthorityId: '', ...active },
      { slot: 'old', upstreamAuthorityId: '', ...old },
    ],
    bundle: [old, active].map((one) => ({ ...one, isTainted: true, madeAtMs: one.expiresAtMs - 24 * HOUR_MS })),
    refreshHintSeconds: 300,
    shortestRootLifeMs: 24 * HOUR_MS,
  };
}

const NOBODY = { agentCount: 0, entriesByTtl: new Map<number, number>(), downstream: [], federated: [] };

describe('findOldSvids', () => {
  it('misses no agent that holds an SVID of the old authority, whatever the lifetimes are', () => {
    const agents = fc.array(fc.record({ isAlive: fc.boolean(), age: fc.double({ min: 0, max: 1, noNaN: true }) }), {
      maxLength: 20,
    });
    const lifetimes = fc.integer({ min: 60_000, max: 6 * HOUR_MS });
    const ago = fc.integer({ min: 0, max: 12 * HOUR_MS });
    fc.assert(
      fc.property(agents, lifetimes, ago, ago, (drawn, lifeMs, activatedAgoMs, lateMs) => {
        const endMs = NOW_MS + 10 * HOUR_MS;
        const activatedMs = NOW_MS - activatedAgoMs;
        const held = drawn.map(({ isAlive, age }, index) => {
          // Who is alive has renewed at half of the life; who is not holds what it has until it ends.
          const issuedMs = NOW_MS - (isAlive ? age * 0.55 : age) * lifeMs;
          const isOld = issuedMs < activatedMs;
          const expiresAtMs = isOld ? Math.min(issuedMs + lifeMs, endMs) : issuedMs + lifeMs;
          return { id: `${index}`, serialNumber: `${index}`, expiresAtMs, isOld };
        });
        const look = lookAfterActivation(endMs);
        const found = findOldSvids(
          look,
          rotationState(look),
          { ...NOBODY, agents: held.filter(({ expiresAtMs }) => expiresAtMs > NOW_MS) },
          { activatedAtMs: Math.min(NOW_MS, activatedMs + lateMs), defaultTtlSeconds: lifeMs / 1000 },
        );
        const named = new Set(found.agents.map(({ id }) => id));
        for (const { id, isOld, expiresAtMs } of held) {
          if (!isOld || expiresAtMs <= NOW_MS) continue;
          expect(named).toContain(id);
          expect(found.allGoneMs).toBeGreaterThanOrEqual(expiresAtMs);
        }
      }),
    );
  });

  it('counts entries as long as their own lifetimes last, and the default for those without one', () => {
    const look = lookAfterActivation(NOW_MS + 10 * HOUR_MS);
    const entriesByTtl = new Map([
      [0, 3],
      [60, 5],
      [7200, 2],
    ]);
    const find = (agoMs: number) =>
      findOldSvids(
        look,
        rotationState(look),
        { ...NOBODY, agents: [], entriesByTtl },
        { activatedAtMs: NOW_MS - agoMs },
      );
    expect(find(0)).toMatchObject({ entryCount: 10, allGoneMs: NOW_MS + 2 * HOUR_MS, isTtlAssumed: true });
    expect(find(120_000)).toMatchObject({ entryCount: 5 });
    expect(find(HOUR_MS)).toMatchObject({ entryCount: 2 });
    expect(find(2 * HOUR_MS)).toMatchObject({ entryCount: 0, allGoneMs: NOW_MS });
  });

  it('goes by the end of the authority where lifetimes are cut to it, and for servers below', () => {
    const endMs = NOW_MS + 10 * HOUR_MS;
    const look = lookAfterActivation(endMs);
    const entriesByTtl = new Map([[0, 1]]);
    const cut = findOldSvids(
      look,
      rotationState(look),
      { ...NOBODY, agents: [], entriesByTtl },
      { activatedAtMs: NOW_MS - 9 * HOUR_MS, defaultTtlSeconds: 'cut' },
    );
    expect(cut).toMatchObject({ longestTtlSeconds: 'cut', entryCount: 1, allGoneMs: endMs });
    const below = { ...NOBODY, agents: [], downstream: ['spiffe://example.org/nested'] };
    expect(findOldSvids(look, rotationState(look), below, {}).allGoneMs).toBe(endMs);
    const settled = { settleMs: 60_000, taintedAtMs: NOW_MS - 30_000 };
    expect(findOldSvids(look, rotationState(look), below, settled).allGoneMs).toBe(NOW_MS + 30_000);
  });
});
