import { describe, expect, test } from 'vitest';
import { FakeUpstreamAuthority } from '../plugin/upstreamauthority/fake-upstream-authority.ts';
import { newWorld, type RunningCa, rootsOf, startCa, trustDomain, type World } from './authority-world.ts';
import { interceptWrites, KilledAt } from './failing-stores.ts';
import { bundleOf, expectVerifiable, type Signed, signBoth } from './signed-by.ts';

const HOUR_MS = 60 * 60 * 1000;

/** The life of a server in steps; what they leave covers every state of both slots. */
const LIFE: readonly ((running: RunningCa, world: World) => Promise<unknown>)[] = [
  ({ manager }) => manager.x509.prepare(),
  ({ manager }) => manager.x509.prepare(),
  ({ manager }) => manager.x509.rotate(),
  async ({ manager }) => manager.jwt?.prepare(),
  async ({ manager }) => manager.jwt?.rotate(),
  ({ manager }) => manager.x509.prepare(),
  ({ manager }) => manager.x509.rotate(),
  async ({ manager }, { clock }) => {
    clock.advance(12 * HOUR_MS);
    await manager.settled();
  },
  async ({ manager }, { clock }) => {
    clock.advance(8 * HOUR_MS);
    await manager.settled();
  },
];

interface Death {
  readonly killed: KilledAt;
  /** What was signed after each step that the server survived. */
  readonly signed: readonly Signed[];
  /** The ids of the authorities that signed or were ready to sign when it died, of both kinds. */
  readonly active: readonly (string | undefined)[];
  readonly prepared: readonly (string | undefined)[];
}

/** Lives until it is killed. */
async function live(world: World, killed: KilledAt): Promise<Death> {
  const mortal = interceptWrites(world, killed.onWrite);
  const signed: Signed[] = [];
  let active: Death['active'] = [];
  let prepared: Death['prepared'] = [];
  try {
    await using running = await startCa(mortal);
    const note = async (): Promise<void> => {
      if (killed.isDead) return;
      const { x509, jwt } = running.manager;
      active = [x509.current.authority?.authorityId, jwt?.current.authority?.authorityId];
      prepared = [x509.next, jwt?.next].map((slot) => (slot?.status === 'prepared' ? slot.authority?.authorityId : ''));
      signed.push(await signBoth(running.ca));
    };
    await note();
    for (const step of LIFE) {
      await step(running, mortal);
      await note();
      if (killed.isDead) break;
    }
  } catch (error) {
    if (!killed.isDead) throw error;
  }
  return { killed, signed, active, prepared };
}

const WORLDS = {
  'whose CAs are roots': newWorld,
  'whose CAs are signed upstream': async (): Promise<World> => {
    const world = await newWorld();
    world.upstreamAuthority = await FakeUpstreamAuthority.open(trustDomain, world.clock);
    return world;
  },
};

describe.each(Object.entries(WORLDS))(
  'F1, F2: a server %s that is killed while it prepares or activates',
  async (_, open) => {
    const whole = new KilledAt(Number.POSITIVE_INFINITY, 'after');
    {
      await using world = await open();
      await live(world, whole);
    }
    const points = whole.writes.flatMap((write, step) =>
      (['before', 'after'] as const).map((when) => [when, step, write] as const),
    );

    test('has writes of every kind to be killed at', () => {
      expect(new Set(whole.writes)).toEqual(new Set(['generateKey', 'saveCaJournal', 'appendBundle']));
      expect(points.length).toBeGreaterThan(50);
    });

    test.each(points)(
      '%s write %i (%s) goes on with what it had, and with no root that nobody knows',
      async (when, step) => {
        await using world = await open();
        const { killed, signed, active, prepared } = await live(world, new KilledAt(step, when));
        expect(killed.isDead).toBe(true);
        const rootsAtDeath = await rootsOf(world).catch(() => []);
        await using again = await startCa(world);
        const bundle = await bundleOf(world);
        for (const one of signed) expectVerifiable(one, bundle, world.clock.nowMs());
        expectVerifiable(await signBoth(again.ca), bundle, world.clock.nowMs());
        const { x509, jwt } = again.manager;
        expect([x509.current.status, jwt?.current.status]).toEqual(['active', 'active']);
        if (active.length > 0) {
          // Who signs now is who signed then, or was ready to.
          const heirs = [...active, ...prepared, ...rootsAtDeath.map((root) => keyIdOf(root.subjectKeyId))];
          expect(heirs).toContain(x509.current.authority?.authorityId);
          // Only the hour may have asked for one more.
          const isDue = world.clock.nowMs() / 1000 >= (x509.current.authority?.notAfterSeconds ?? 0) - 12 * 3600;
          expect((await rootsOf(world)).length).toBeLessThanOrEqual(rootsAtDeath.length + (isDue ? 1 : 0));
        }
        await x509.prepare();
        await x509.rotate();
        await jwt?.prepare();
        await jwt?.rotate();
        expectVerifiable(await signBoth(again.ca), await bundleOf(world), world.clock.nowMs());
      },
    );
  },
);

function keyIdOf(subjectKeyId: Uint8Array | undefined): string {
  return Buffer.from(subjectKeyId ?? []).toString('hex');
}
