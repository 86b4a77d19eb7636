import { describe, expect, test } from 'vitest';
import { parseJournal } from '../../../../src/lib/server/ca/journal-format.ts';
import { MemoryKeyManager } from '../../../../src/lib/server/plugin/keymanager/memory/memory-key-manager.ts';
import { newWorld, type RunningCa, rootsOf, startCa, trustDomain, type World } from './authority-world.ts';

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

const activeId = ({ manager }: RunningCa): string => {
  const { status, authority } = manager.x509.current;
  if (status !== 'active' || authority === undefined) throw new Error('no active authority');
  return authority.authorityId;
};

async function pass(world: World, { manager }: RunningCa, ms: number): Promise<void> {
  world.clock.advance(ms);
  await manager.settled();
}

async function keyIdsInBundle({ datastore }: World): Promise<string[]> {
  return ((await datastore.bundles.findBundle(trustDomain))?.jwtAuthorities ?? []).map(({ keyId }) => keyId);
}

describe('the authorities of a server', () => {
  test('are made at the first start, under SPIRE’s key ids, and are in the bundle', async () => {
    await using world = await newWorld();
    await using running = await startCa(world);
    expect((await world.keyManager.listKeys()).map(({ id }) => id)).toEqual(['JWT-Signer-A', 'x509-CA-A']);
    const [root, ...others] = await rootsOf(world);
    expect(others).toEqual([]);
    expect(Buffer.from(root?.subjectKeyId ?? []).toString('hex')).toBe(activeId(running));
    expect(await keyIdsInBundle(world)).toEqual([running.manager.jwt?.current.authority?.authorityId]);
    expect(running.manager.x509.next).toEqual({ id: 'B', status: undefined, authority: undefined });
  });

  test('stay the same over a restart, and nothing is written then', async () => {
    await using world = await newWorld();
    let first: string;
    {
      await using running = await startCa(world);
      first = activeId(running);
    }
    const before = await world.datastore.caJournals.listCaJournals();
    const changes: unknown[] = [];
    world.datastore.changes.subscribe((change) => changes.push(change));
    await using again = await startCa(world);
    expect(activeId(again)).toBe(first);
    expect(await rootsOf(world)).toHaveLength(1);
    expect(await keyIdsInBundle(world)).toHaveLength(1);
    expect(await world.datastore.caJournals.listCaJournals()).toEqual(before);
    expect(changes).toEqual([]);
  });

  test('are prepared at half their life and take over at five sixths, by turns in two slots', async () => {
    await using world = await newWorld();
    await using running = await startCa(world);
    const first = activeId(running);

    await pass(world, running, 12 * HOUR_MS - 10_000);
    expect(running.manager.x509.next.status).toBeUndefined();
    await pass(world, running, 20_000);
    const { authority: second, id, status } = running.manager.x509.next;
    expect([id, status]).toEqual(['B', 'prepared']);
    expect(await rootsOf(world)).toHaveLength(2);
    expect(await keyIdsInBundle(world)).toHaveLength(2);
    expect(activeId(running)).toBe(first);

    await pass(world, running, 8 * HOUR_MS - 20_000);
    expect(activeId(running)).toBe(first);
    await pass(world, running, 20_000);
    expect(activeId(running)).toBe(second?.authorityId);
    expect(running.manager.x509.next).toMatchObject({ id: 'A', status: 'old', authority: { authorityId: first } });
    expect(running.manager.jwt?.current.id).toBe('B');
  });

  test('that long-lived CAs prepare and activate at most 30 and 7 days before the end', async () => {
    await using world = await newWorld();
    await using running = await startCa(world, { caTtlSeconds: (365 * DAY_MS) / 1000 });
    const first = activeId(running);
    await pass(world, running, 335 * DAY_MS - 10_000);
    expect(running.manager.x509.next.status).toBeUndefined();
    await pass(world, running, 20_000);
    expect(running.manager.x509.next.status).toBe('prepared');
    await pass(world, running, 23 * DAY_MS - 20_000);
    expect(activeId(running)).toBe(first);
    await pass(world, running, 20_000);
    expect(activeId(running)).not.toBe(first);
  });

  test('take up a prepared successor after a restart', async () => {
    await using world = await newWorld();
    let prepared: string | undefined;
    {
      await using running = await startCa(world);
      await running.manager.x509.prepare();
      prepared = running.manager.x509.next.authority?.authorityId;
    }
    await using again = await startCa(world);
    expect(again.manager.x509.next).toMatchObject({ status: 'prepared', authority: { authorityId: prepared } });
    await again.manager.x509.rotate();
    expect(activeId(again)).toBe(prepared);
    {
      await using third = await startCa(world);
      expect(activeId(third)).toBe(prepared);
      expect(third.manager.x509.next.status).toBe('old');
    }
  });

  test('rotate when the server was down over the moment, as soon as agents can have asked for the new one', async () => {
    await using world = await newWorld();
    let first: string;
    {
      await using running = await startCa(world);
      first = activeId(running);
    }
    world.clock.advance(23 * HOUR_MS);
    await using again = await startCa(world);
    expect(activeId(again)).toBe(first);
    expect(await rootsOf(world)).toHaveLength(2);
    await pass(world, again, 9_000);
    expect(activeId(again)).toBe(first);
    await pass(world, again, 1_000);
    expect(activeId(again)).not.toBe(first);
    expect(await rootsOf(world)).toHaveLength(2);
  });

  test('begin anew when they expired while the server was down', async () => {
    await using world = await newWorld();
    {
      await using _running = await startCa(world);
    }
    world.clock.advance(25 * HOUR_MS);
    await using again = await startCa(world);
    expect(again.manager.x509.current).toMatchObject({ id: 'A', status: 'active' });
    expect(await rootsOf(world)).toHaveLength(2);
  });

  test('begin anew when the keys are gone, and leave the bundle as it was', async () => {
    await using world = await newWorld();
    {
      await using _running = await startCa(world);
    }
    world.keyManager = new MemoryKeyManager();
    await using _again = await startCa(world);
    expect(await rootsOf(world)).toHaveLength(2);
    expect(await world.datastore.caJournals.listCaJournals()).toHaveLength(2);
  });

  test('do not sign with a CA that is not in the bundle any more', async () => {
    await using world = await newWorld();
    let first: string;
    {
      await using running = await startCa(world);
      first = activeId(running);
    }
    const bundle = await world.datastore.bundles.findBundle(trustDomain);
    if (bundle === undefined) throw new Error('no bundle');
    await world.datastore.bundles.setBundle({ ...bundle, x509Authorities: [] });
    await using again = await startCa(world);
    expect(activeId(again)).not.toBe(first);
    expect(await rootsOf(world)).toHaveLength(1);
  });

  test('stop the start when their journal is damaged, and nothing is changed', async () => {
    await using world = await newWorld();
    {
      await using _running = await startCa(world);
    }
    const [journal] = await world.datastore.caJournals.listCaJournals();
    if (journal === undefined) throw new Error('no journal');
    const data = Uint8Array.from(journal.data);
    data[data.length - 5] = 0;
    await world.datastore.caJournals.saveCaJournal({ ...journal, data });
    await expect(startCa(world)).rejects.toMatchObject({ code: 'data-loss' });
    expect(await rootsOf(world)).toHaveLength(1);
    expect(await world.datastore.caJournals.listCaJournals()).toEqual([{ ...journal, data }]);
  });

  test('of two servers on one datastore are kept apart', async () => {
    await using world = await newWorld();
    const other = { ...world, keyManager: new MemoryKeyManager() };
    const ids: string[] = [];
    for (const server of [world, other]) {
      await using running = await startCa(server);
      ids.push(activeId(running));
    }
    for (const [index, server] of [world, other].entries()) {
      await using running = await startCa(server);
      expect(activeId(running)).toBe(ids[index]);
    }
    expect(await rootsOf(world)).toHaveLength(2);
  });

  test('leave the bundle a day after they expired, and journals of lost servers after two weeks', async () => {
    await using world = await newWorld();
    {
      await using _lost = await startCa({ ...world, keyManager: new MemoryKeyManager() });
    }
    await using running = await startCa(world, { caTtlSeconds: (365 * DAY_MS) / 1000 });
    expect(await rootsOf(world)).toHaveLength(2);
    for (let hours = 0; hours < 42; hours += 6) await pass(world, running, 6 * HOUR_MS);
    expect(await rootsOf(world)).toHaveLength(2);
    await pass(world, running, 12 * HOUR_MS);
    expect(await rootsOf(world)).toHaveLength(1);
    expect(await world.datastore.caJournals.listCaJournals()).toHaveLength(2);
    for (let days = 0; days < 14; days += 1) await pass(world, running, DAY_MS);
    expect(await world.datastore.caJournals.listCaJournals()).toHaveLength(1);
  });

  test('keep no more than ten journal entries of a kind', async () => {
    await using world = await newWorld();
    await using running = await startCa(world);
    for (let turn = 0; turn < 12; turn += 1) {
      await running.manager.x509.prepare();
      await running.manager.x509.rotate();
    }
    const [journal] = await world.datastore.caJournals.listCaJournals();
    const { x509Cas } = parseJournal(journal?.data ?? new Uint8Array());
    expect(x509Cas).toHaveLength(10);
    expect(x509Cas.map(({ status }) => status)).toEqual([...Array(9).fill('old'), 'active']);
    expect(journal?.activeX509AuthorityId).toBe(activeId(running));
  });

  test('cannot take over unprepared', async () => {
    await using world = await newWorld();
    await using running = await startCa(world);
    await expect(running.manager.x509.rotate()).rejects.toMatchObject({ code: 'failed-precondition' });
  });

  test('say whether keys were found that the datastore knows nothing of', async () => {
    await using world = await newWorld();
    const asked: boolean[] = [];
    const onFirstStart = async (foundKeys: boolean): Promise<void> => void asked.push(foundKeys);
    {
      await using _running = await startCa(world, { onFirstStart });
    }
    {
      await using _again = await startCa(world, { onFirstStart });
    }
    await using empty = await newWorld();
    empty.keyManager = world.keyManager;
    await using _elsewhere = await startCa(empty, { onFirstStart });
    expect(asked).toEqual([false, true]);
  });

  test('leave no timer behind', async () => {
    await using world = await newWorld();
    {
      await using _running = await startCa(world);
      expect(world.clock.pending).toBe(3);
    }
    expect(world.clock.pending).toBe(0);
  });
});

describe('a key manager that fails while an authority is prepared', () => {
  test('leaves the active one signing, and the next try succeeds', async () => {
    await using world = await newWorld();
    const keys = world.keyManager;
    let isBroken = false;
    world.keyManager = {
      name: keys.name,
      findKey: (id) => keys.findKey(id),
      listKeys: () => keys.listKeys(),
      generateKey: (id, type) => (isBroken ? Promise.reject(new Error('broken')) : keys.generateKey(id, type)),
    };
    await using running = await startCa(world);
    const first = activeId(running);
    isBroken = true;
    await pass(world, running, 12 * HOUR_MS);
    for (let tries = 0; tries < 9; tries += 1) await pass(world, running, 10_000);
    expect(running.manager.isHealthy).toBe(true);
    await pass(world, running, 10_000);
    expect(running.manager.isHealthy).toBe(false);
    expect(activeId(running)).toBe(first);
    isBroken = false;
    await pass(world, running, 20_000);
    expect(running.manager.x509.next.status).toBe('prepared');
    expect(running.manager.isHealthy).toBe(true);
  });
});
