import { describe, expect, test } from 'vitest';
import { leadsTo } from '../../../../src/lib/crypto/chain.ts';
import { FakeUpstreamAuthority } from '../plugin/upstreamauthority/fake-upstream-authority.ts';
import { newWorld, type RunningCa, rootsOf, startCa, trustDomain, type World } from './authority-world.ts';
import { interceptWrites, KilledAt } from './failing-stores.ts';
import { bundleOf, expectVerifiable, type Signed, signBoth } from './signed-by.ts';

interface Nested extends World {
  readonly upstreamAuthority: FakeUpstreamAuthority;
}

async function newNested(): Promise<Nested> {
  const world = await newWorld();
  return { ...world, upstreamAuthority: await FakeUpstreamAuthority.open(trustDomain, world.clock) };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Starts, and hears of a root that is tainted and then revoked; until it is killed. Gives what it had signed before. */
async function live(world: Nested, killed: KilledAt): Promise<Signed | undefined> {
  const { upstreamAuthority } = world;
  const rootsAre = async (wanted: readonly boolean[]): Promise<void> => {
    const isSo = async (): Promise<boolean> => {
      const { x509Authorities } = await bundleOf(world);
      return JSON.stringify(x509Authorities.map(({ tainted }) => tainted)) === JSON.stringify(wanted);
    };
    while (!killed.isDead && !(await isSo())) await turn();
  };
  let signed: Signed | undefined;
  try {
    await using running = await startCa(interceptWrites(world, killed.onWrite));
    signed = await signBoth(running.ca);
    await upstreamAuthority.rotate();
    await rootsAre([false, false]);
    if (killed.isDead) return signed;
    upstreamAuthority.taintFirst();
    await rootsAre([true, false]);
    if (killed.isDead) return signed;
    upstreamAuthority.revokeFirst();
    await rootsAre([false]);
  } catch (error) {
    if (!killed.isDead) throw error;
  }
  return signed;
}

/** Lets time pass until the server has nothing to do with the first root any more. */
async function untilLeft(world: Nested, { manager }: RunningCa): Promise<void> {
  const { upstreamAuthority, clock } = world;
  const isBelowNew = (): boolean =>
    manager.x509.current.authority?.upstreamAuthorityId === upstreamAuthority.signingKeyId;
  while (!isBelowNew() || (await rootsOf(world)).length > 1) {
    await turn();
    clock.advance(1_000);
    await manager.settled();
  }
}

const whole = new KilledAt(Number.POSITIVE_INFINITY, 'after');
{
  await using world = await newNested();
  await live(world, whole);
}
const points = whole.writes.flatMap((write, step) =>
  (['before', 'after'] as const).map((when) => [when, step, write] as const),
);

describe('F1, F2: a server that is killed while it leaves a root that upstream has tainted', () => {
  test('has writes of every kind to be killed at', () => {
    expect(new Set(whole.writes)).toEqual(
      new Set(['generateKey', 'saveCaJournal', 'appendBundle', 'taintX509Authority', 'revokeX509Authority']),
    );
  });

  test.each(points)('%s write %i (%s) has left it soon after the next start', async (when, step) => {
    await using world = await newNested();
    const first = world.upstreamAuthority.signingKeyId;
    const killed = new KilledAt(step, when);
    const signed = await live(world, killed);
    expect(killed.isDead).toBe(true);
    // What happens upstream goes on without it.
    const { upstreamAuthority } = world;
    if (signed !== undefined && upstreamAuthority.signingKeyId === first) await upstreamAuthority.rotate();
    if (upstreamAuthority.roots.length === 2) {
      upstreamAuthority.taintFirst();
      upstreamAuthority.revokeFirst();
    }
    await using again = await startCa(world);
    await untilLeft(world, again);
    const now = await signBoth(again.ca);
    expectVerifiable(now, await bundleOf(world), world.clock.nowMs());
    const [root, ...others] = await rootsOf(world);
    expect(others).toEqual([]);
    expect(root !== undefined && leadsTo(now.chain, [root], world.clock.nowMs())).toBe(true);
  });
});
