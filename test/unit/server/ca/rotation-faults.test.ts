import { describe, expect, test } from 'vitest';
import { SpirekitError } from '../../../../src/lib/runtime/errors.ts';
import { newWorld, type RunningCa, rootsOf, startCa, type World } from './authority-world.ts';
import { interceptWrites, type Write } from './failing-stores.ts';
import { bundleOf, expectVerifiable, signBoth } from './signed-by.ts';

const HOUR_MS = 60 * 60 * 1000;

/** A world whose writes of some kinds fail for as long as they are broken. */
function breakable(world: World): { readonly world: World; readonly broken: Set<Write> } {
  const broken = new Set<Write>();
  const onWrite = async (write: Write, perform: () => Promise<unknown>): Promise<unknown> => {
    if (broken.has(write)) throw new SpirekitError('unavailable', 'EIO: i/o error, write');
    return await perform();
  };
  return { world: interceptWrites(world, onWrite), broken };
}

const activeId = ({ manager }: RunningCa): string | undefined => manager.x509.current.authority?.authorityId;

async function pass(world: World, { manager }: RunningCa, ms: number): Promise<void> {
  world.clock.advance(ms);
  await manager.settled();
}

describe('F3: a datastore that does not save during a rotation', () => {
  test.each<Write>(['generateKey', 'saveCaJournal', 'appendBundle'])(
    'leaves the CA signing, is tried again, and costs no root: %s',
    async (write) => {
      await using lasting = await newWorld();
      const { world, broken } = breakable(lasting);
      let first: string | undefined;
      {
        await using running = await startCa(world);
        first = activeId(running);
        broken.add(write);
        await pass(world, running, 12 * HOUR_MS);
        for (let tries = 0; tries < 30; tries += 1) {
          await pass(world, running, 10_000);
          expectVerifiable(await signBoth(running.ca), await bundleOf(world), world.clock.nowMs());
        }
        expect(activeId(running)).toBe(first);
        expect(running.manager.isHealthy).toBe(false);
        expect(await rootsOf(world)).toHaveLength(1);
      }
      broken.clear();
      await using again = await startCa(world);
      expect(activeId(again)).toBe(first);
      expect(again.manager.x509.next.status).toBe('prepared');
      expect(await rootsOf(world)).toHaveLength(2);
    },
  );

  test('does not lose the CA in use from the journal, however often preparing fails after it was noted', async () => {
    await using lasting = await newWorld();
    const { world, broken } = breakable(lasting);
    let first: string | undefined;
    {
      await using running = await startCa(world);
      first = activeId(running);
      broken.add('appendBundle');
      for (let tries = 0; tries < 15; tries += 1) await expect(running.manager.x509.prepare()).rejects.toThrow('EIO');
    }
    broken.clear();
    await using again = await startCa(world);
    expect(activeId(again)).toBe(first);
    expect(await rootsOf(world)).toHaveLength(1);
  });

  test('keeps an activation that could not be noted, and replaces no key before it is', async () => {
    await using lasting = await newWorld();
    const { world, broken } = breakable(lasting);
    let prepared: string | undefined;
    {
      await using running = await startCa(world);
      await running.manager.x509.prepare();
      prepared = running.manager.x509.next.authority?.authorityId;
      broken.add('saveCaJournal');
      await running.manager.x509.rotate();
      expect(activeId(running)).toBe(prepared);
      expectVerifiable(await signBoth(running.ca), await bundleOf(world), world.clock.nowMs());
      // The journal in the datastore still leads to the key of the one before.
      await expect(running.manager.x509.prepare()).rejects.toThrow('EIO');
    }
    broken.clear();
    const roots = await rootsOf(world);
    await using again = await startCa(world);
    expect(again.manager.x509.current.status).toBe('active');
    expect(await rootsOf(world)).toEqual(roots);
  });

  test('tries again sooner the less time the CA has left', async () => {
    await using lasting = await newWorld();
    const { world, broken } = breakable(lasting);
    await using running = await startCa(world, { caTtlSeconds: 30 });
    broken.add('appendBundle');
    await pass(world, running, 15_000);
    expect(await rootsOf(world)).toHaveLength(1);
    broken.clear();
    await pass(world, running, 1_500);
    expect(await rootsOf(world)).toHaveLength(2);
  });

  test('may forget the journal of a server that slept for weeks', async () => {
    await using world = await newWorld();
    await using running = await startCa(world);
    const [journal] = await world.datastore.caJournals.listCaJournals();
    await world.datastore.caJournals.deleteCaJournal(journal?.id ?? 0);
    await running.manager.x509.prepare();
    await running.manager.x509.rotate();
    expect(await world.datastore.caJournals.listCaJournals()).toMatchObject([
      { activeX509AuthorityId: activeId(running) },
    ]);
  });
});

describe('F4: lifetimes of less than a minute', () => {
  test.each([30, 40, 60])('of %i s leave no gap for who asks for the bundle every 5 s', async (caTtlSeconds) => {
    await using world = await newWorld();
    const lifetimes = { caTtlSeconds, x509SvidTtlSeconds: 30, jwtSvidTtlSeconds: 30 };
    await using running = await startCa(world, lifetimes);
    const stepMs = 500;
    const known = Array.from({ length: 10 }, () => bundleOf(world));
    const issuers = new Set<string>();
    for (let elapsedMs = 0; elapsedMs < 600_000; elapsedMs += stepMs) {
      const signed = await signBoth(running.ca);
      const before = await known.shift();
      if (before === undefined) throw new Error('no bundle');
      expectVerifiable(signed, before, world.clock.nowMs());
      issuers.add(signed.keyId);
      // Nothing is signed that ends before its holder can have replaced it.
      expect(signed.tokenEndsMs - world.clock.nowMs()).toBeGreaterThanOrEqual((caTtlSeconds * 1000) / 6 - 1_000);
      known.push(bundleOf(world));
      await pass(world, running, stepMs);
    }
    expect(issuers.size).toBeGreaterThanOrEqual(600 / caTtlSeconds);
  });

  test('do not let a successor that is prepared late sign before it is known', async () => {
    await using lasting = await newWorld();
    const { world, broken } = breakable(lasting);
    await using running = await startCa(world, { caTtlSeconds: 30 });
    const first = activeId(running);
    const ends = running.manager.x509.current.authority?.notAfterSeconds ?? 0;
    broken.add('appendBundle');
    await pass(world, running, 15_000);
    for (let seconds = 15; seconds < 26; seconds += 1) await pass(world, running, 1_000);
    broken.clear();
    let preparedAtMs = 0;
    while (activeId(running) === first) {
      await pass(world, running, 100);
      if (preparedAtMs === 0 && running.manager.x509.next.status === 'prepared') preparedAtMs = world.clock.nowMs();
    }
    expect(preparedAtMs).toBeGreaterThan(0);
    expect(world.clock.nowMs() - preparedAtMs).toBeGreaterThanOrEqual(1_000);
    expect(world.clock.nowMs()).toBeLessThan(ends * 1000 - 1_000);
  });

  test('begin anew when the machine slept past the end, at the next look', async () => {
    await using world = await newWorld();
    await using running = await startCa(world, { caTtlSeconds: 30 });
    const first = activeId(running);
    await running.manager.x509.prepare();
    world.clock.suspend(300_000);
    await expect(signBoth(running.ca)).rejects.toMatchObject({ code: 'unavailable' });
    await pass(world, running, 10_000);
    expect(activeId(running)).not.toBe(first);
    expectVerifiable(await signBoth(running.ca), await bundleOf(world), world.clock.nowMs());
  });

  test('outlast a clock that is set forward, and back by less than certificates are dated back', async () => {
    await using world = await newWorld();
    await using running = await startCa(world, { caTtlSeconds: 60, x509SvidTtlSeconds: 30 });
    for (const jumpMs of [20_000, -9_000, 3_600_000, -5_000, 86_400_000]) {
      world.clock.jump(jumpMs);
      await pass(world, running, 10_000);
      for (let seconds = 0; seconds < 120; seconds += 5) {
        await pass(world, running, 5_000);
        expectVerifiable(await signBoth(running.ca), await bundleOf(world), world.clock.nowMs());
      }
    }
  });
});
