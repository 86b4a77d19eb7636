import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AuthorizedEntryCache } from '../../../../src/lib/server/cache/authorized-entry-cache.ts';
import type { DataStore } from '../../../../src/lib/server/datastore/datastore.ts';
import { openSqliteDataStore } from '../../../../src/lib/server/datastore/sqlite/open-sqlite-data-store.ts';
import type { AttestedNode } from '../../../../src/lib/spiffe/attested-node.ts';
import type { RegistrationEntry } from '../../../../src/lib/spiffe/registration-entry.ts';
import { formatSelector, parseSelector } from '../../../../src/lib/spiffe/selector.ts';
import type { SpiffeId } from '../../../../src/lib/spiffe/spiffe-id.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { idOf, makeEntry, makeNode } from '../datastore/samples.ts';

const AGENT = '/spire/agent/x/1';

describe('AuthorizedEntryCache', () => {
  let clock: ManualClock;
  let store: DataStore;
  let cache: AuthorizedEntryCache;

  beforeEach(async () => {
    clock = new ManualClock();
    store = await openSqliteDataStore({ path: ':memory:', clock });
    cache = await AuthorizedEntryCache.open({ ...store, clock });
  });
  afterEach(async () => {
    cache[Symbol.dispose]();
    await store[Symbol.asyncDispose]();
  });

  const create = async (fields: Parameters<typeof makeEntry>[0]): Promise<RegistrationEntry> =>
    (await store.entries.createEntry(makeEntry(fields))).entry;
  const listed = (agent = AGENT): string[] =>
    cache.listAuthorizedEntries(idOf(agent)).map((entry) => entry.spiffeId.path);

  test('an agent may act for entries under its own ID and for what hangs below them', async () => {
    await create({ path: '/a', parent: AGENT });
    await create({ path: '/b', parent: '/a' });
    await create({ path: '/c', parent: '/b' });
    await create({ path: '/other', parent: '/spire/agent/x/2' });
    await create({ path: '/loose', parent: '/nobody' });
    expect(listed()).toEqual(['/a', '/b', '/c']);
  });

  test('an agent whose selectors include those of an alias may act for entries under the alias, not for the alias', async () => {
    await create({ path: '/nodes', parent: '/spire/server', selectors: ['n:1', 'n:2'].map(parseSelector) });
    await create({ path: '/web', parent: '/nodes' });
    await store.nodes.saveNode(makeNode({ path: AGENT, selectors: [parseSelector('n:1')] }));
    expect(listed()).toEqual([]);
    await store.nodes.saveNode(makeNode({ path: AGENT, selectors: ['n:3', 'n:2', 'n:1'].map(parseSelector) }));
    expect(listed()).toEqual(['/web']);
    await store.nodes.deleteNode(idOf(AGENT));
    expect(listed()).toEqual([]);
  });

  test('the ID of an agent is no selector of its node', async () => {
    const selectors = [{ type: 'spiffe_id', value: idOf(AGENT).toString() }];
    await create({ path: '/nodes', parent: '/spire/server', selectors });
    await create({ path: '/web', parent: '/nodes' });
    await store.nodes.saveNode(makeNode({ path: AGENT }));
    expect(listed()).toEqual([]);
  });

  test('an entry of a join token entitles by descent', async () => {
    const selectors = [{ type: 'spiffe_id', value: idOf(AGENT).toString() }];
    await create({ path: '/mynode', parent: AGENT, selectors });
    await create({ path: '/web', parent: '/mynode' });
    expect(listed()).toEqual(['/mynode', '/web']);
  });

  test('circles of entries end', async () => {
    await create({ path: '/a', parent: AGENT });
    await create({ path: '/b', parent: '/a' });
    await create({ path: '/a', parent: '/b' });
    await create({ path: '/self', parent: '/self' });
    expect(listed()).toEqual(['/a', '/b', '/a']);
    expect(cache.findAuthorizedEntries(idOf('/spire/agent/none'), ['absent']).size).toBe(0);
  });

  test('what expires is gone at that moment, with what hangs below it', async () => {
    const nowSeconds = clock.nowMs() / 1000;
    const parent = await create({ path: '/a', parent: AGENT, expiresAtSeconds: nowSeconds + 10 });
    const child = await create({ path: '/b', parent: '/a' });
    const ids = [parent.id, child.id];
    clock.advance(9999);
    expect(listed()).toEqual(['/a', '/b']);
    expect([...cache.findAuthorizedEntries(idOf(AGENT), ids).keys()]).toEqual(ids);
    clock.advance(1);
    expect(listed()).toEqual([]);
    expect(cache.findAuthorizedEntries(idOf(AGENT), ids).size).toBe(0);
    expect(cache.listEntriesBySpiffeId(idOf('/a'))).toEqual([]);
  });

  test('a change is seen before the call that made it has its answer', async () => {
    const entry = await create({ path: '/a', parent: AGENT });
    expect(listed()).toEqual(['/a']);
    await store.entries.updateEntry({ ...entry, parentId: idOf('/elsewhere') }, new Set(['parentId']));
    expect(listed()).toEqual([]);
    const moved = await store.entries.updateEntry({ ...entry, spiffeId: idOf('/z') });
    expect(cache.listAuthorizedEntries(idOf(AGENT))).toEqual([moved]);
    expect(cache.listEntriesBySpiffeId(idOf('/z'))).toEqual([moved]);
    expect(cache.listEntriesBySpiffeId(idOf('/a'))).toEqual([]);
    await store.entries.deleteEntry(entry.id);
    expect(listed()).toEqual([]);
  });

  test('an id that is used again carries nothing over', async () => {
    await create({ id: 'x', path: '/nodes', parent: '/spire/server', selectors: [parseSelector('n:1')] });
    await create({ id: 'y', path: '/web', parent: '/nodes' });
    await store.nodes.saveNode(makeNode({ path: AGENT, selectors: [parseSelector('n:1')] }));
    expect(listed()).toEqual(['/web']);
    await store.entries.deleteEntry('x');
    await create({ id: 'x', path: '/direct', parent: AGENT });
    expect(listed()).toEqual(['/direct']);
  });

  test('opening while entries come, change and go ends up with what is stored', async () => {
    const entries: RegistrationEntry[] = [];
    for (let index = 0; index < 25; index += 1) {
      const batch = Array.from({ length: 50 }, (_, each) => create({ path: `/${index}/${each}`, parent: AGENT }));
      entries.push(...(await Promise.all(batch)));
    }
    const opening = AuthorizedEntryCache.open({ ...store, clock });
    const writes: Promise<unknown>[] = [];
    for (const [index, entry] of entries.entries()) {
      if (index % 3 === 0) writes.push(store.entries.deleteEntry(entry.id));
      if (index % 3 === 1) writes.push(store.entries.updateEntry({ ...entry, hint: 'new' }, new Set(['hint'])));
      if (index % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    using other = await opening;
    await Promise.all(writes);
    const stored = (await store.entries.listEntries({})).items;
    expect(byId(other.listAuthorizedEntries(idOf(AGENT)))).toEqual(byId(stored));
    expect(byId(cache.listAuthorizedEntries(idOf(AGENT)))).toEqual(byId(stored));
  });

  test('listens no more when it could not be opened', async () => {
    let listeners = 0;
    const changes = {
      subscribe: () => {
        listeners += 1;
        return () => {
          listeners -= 1;
        };
      },
    };
    const nodes = { listNodes: () => Promise.reject(new Error('unavailable')) };
    const opening = AuthorizedEntryCache.open({ entries: store.entries, nodes, changes, clock });
    await expect(opening).rejects.toThrow('unavailable');
    expect(listeners).toBe(0);
  });

  test('stays in step no more once it is disposed of', async () => {
    cache[Symbol.dispose]();
    await create({ path: '/a', parent: AGENT });
    expect(listed()).toEqual([]);
  });

  test('agrees with a lookup in plain lists after any sequence of changes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 60 }), async (steps) => {
        await using fresh = await openSqliteDataStore({ path: ':memory:', clock });
        using tested = await AuthorizedEntryCache.open({ ...fresh, clock });
        for (const step of steps) await applyStep(fresh, step);
        const entries = (await fresh.entries.listEntries({})).items;
        const nodes = (await fresh.nodes.listNodes({})).items;
        using reopened = await AuthorizedEntryCache.open({ ...fresh, clock });
        for (const path of AGENT_PATHS) {
          const agentId = idOf(path);
          const expected = byId(lookUp(agentId, entries, nodes, clock.nowMs() / 1000));
          expect(byId(tested.listAuthorizedEntries(agentId))).toEqual(expected);
          expect(byId(reopened.listAuthorizedEntries(agentId))).toEqual(expected);
          const ids = entries.map((entry) => entry.id);
          expect(byId([...tested.findAuthorizedEntries(agentId, ids).values()])).toEqual(expected);
        }
        for (const path of PATHS) {
          const expected = entries.filter((entry) => entry.spiffeId.path === path && isCurrent(entry, clock));
          expect(byId(tested.listEntriesBySpiffeId(idOf(path)))).toEqual(byId(expected));
        }
      }),
      { numRuns: 150 },
    );
  });
});

const PATHS = ['/a', '/b', '/c', '/nodes'];
const AGENT_PATHS = ['/spire/agent/x/1', '/spire/agent/x/2'];
const PARENTS = [...PATHS, ...AGENT_PATHS, '/spire/server'];

type Step =
  | { kind: 'put'; id: string; path: string; parent: string; selectors: string[]; expiresAtSeconds: number }
  | { kind: 'drop'; id: string }
  | { kind: 'attest'; path: string; selectors: string[] }
  | { kind: 'evict'; path: string };

const anySelectors = fc.uniqueArray(fc.constantFrom('n:1', 'n:2', 'n:3'), { minLength: 1, maxLength: 3 });
const anyId = fc.constantFrom('e1', 'e2', 'e3', 'e4', 'e5', 'e6');
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('put' as const),
    id: anyId,
    path: fc.constantFrom(...PATHS),
    parent: fc.constantFrom(...PARENTS),
    selectors: anySelectors,
    expiresAtSeconds: fc.constantFrom(0, 0, 1, 2 ** 40),
  }),
  fc.record({ kind: fc.constant('drop' as const), id: anyId }),
  fc.record({ kind: fc.constant('attest' as const), path: fc.constantFrom(...AGENT_PATHS), selectors: anySelectors }),
  fc.record({ kind: fc.constant('evict' as const), path: fc.constantFrom(...AGENT_PATHS) }),
);

async function applyStep(store: DataStore, step: Step): Promise<void> {
  switch (step.kind) {
    case 'put': {
      const { id, path, parent, expiresAtSeconds } = step;
      const entry = makeEntry({ id, path, parent, expiresAtSeconds, selectors: step.selectors.map(parseSelector) });
      if ((await store.entries.findEntry(id)) === undefined) await store.entries.createEntry(entry);
      else await store.entries.updateEntry(entry);
      return;
    }
    case 'drop':
      await store.entries.deleteEntry(step.id).catch(() => undefined);
      return;
    case 'attest':
      await store.nodes.saveNode(makeNode({ path: step.path, selectors: step.selectors.map(parseSelector) }));
      return;
    case 'evict':
      await store.nodes.deleteNode(idOf(step.path)).catch(() => undefined);
  }
}

/** The rule as it is written down, with no index at all. */
function lookUp(
  agentId: SpiffeId,
  entries: readonly RegistrationEntry[],
  nodes: readonly AttestedNode[],
  nowSeconds: number,
): RegistrationEntry[] {
  const current = entries.filter((entry) => entry.expiresAtSeconds === 0 || entry.expiresAtSeconds > nowSeconds);
  const aliases = current.filter((entry) => entry.parentId.path === '/spire/server');
  const workloads = current.filter((entry) => entry.parentId.path !== '/spire/server');
  const own = nodes.find((node) => node.spiffeId.equals(agentId))?.selectors.map(formatSelector) ?? [];
  const reached = [
    agentId,
    ...aliases
      .filter((alias) => alias.selectors.every((selector) => own.includes(formatSelector(selector))))
      .map((alias) => alias.spiffeId),
  ];
  let found: RegistrationEntry[] = [];
  for (;;) {
    const next = workloads.filter((entry) =>
      [...reached, ...found.map((each) => each.spiffeId)].some((id) => id.equals(entry.parentId)),
    );
    if (next.length === found.length) return found;
    found = next;
  }
}

function isCurrent(entry: RegistrationEntry, clock: ManualClock): boolean {
  return entry.expiresAtSeconds === 0 || entry.expiresAtSeconds > clock.nowMs() / 1000;
}

function byId(entries: readonly RegistrationEntry[]): RegistrationEntry[] {
  return [...entries].sort((a, b) => (a.id < b.id ? -1 : 1));
}
