import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SpirekitError } from '../../../../src/lib/runtime/errors.ts';
import type { DatastoreChange } from '../../../../src/lib/server/datastore/change-events.ts';
import type { DataStore } from '../../../../src/lib/server/datastore/datastore.ts';
import type { SetMatch } from '../../../../src/lib/server/datastore/entry-store.ts';
import type { AttestedNode } from '../../../../src/lib/spiffe/attested-node.ts';
import type { AuthorityBundle, KeyAuthority } from '../../../../src/lib/spiffe/authority-bundle.ts';
import { emptyAuthorityBundle } from '../../../../src/lib/spiffe/authority-bundle.ts';
import type { RegistrationEntry } from '../../../../src/lib/spiffe/registration-entry.ts';
import { parseSelector, type Selector } from '../../../../src/lib/spiffe/selector.ts';
import { SpiffeId } from '../../../../src/lib/spiffe/spiffe-id.ts';
import { TrustDomain } from '../../../../src/lib/spiffe/trust-domain.ts';
import type { ManualClock } from '../../../support/manual-clock.ts';
import { rootCertificate } from './certificates.ts';
import { describeEntryBatches } from './entry-batch-contract.ts';
import { makeEntry, makeNode } from './samples.ts';

const MATCHES: readonly SetMatch[] = ['exact', 'subset', 'superset', 'any'];

/** What every datastore must do. `open` gives a fresh, empty one that tells time by the clock. */
export function describeDataStore(name: string, open: () => Promise<{ store: DataStore; clock: ManualClock }>): void {
  describe(name, () => {
    let store: DataStore;
    let clock: ManualClock;
    let changes: DatastoreChange[];

    beforeEach(async () => {
      ({ store, clock } = await open());
      changes = [];
      store.changes.subscribe((change) => changes.push(change));
    });
    afterEach(() => store[Symbol.asyncDispose]());

    describe('entries', () => {
      test('a created entry has an id, revision 0 and the time, and reads back as it was returned', async () => {
        const { entry, created } = await store.entries.createEntry(
          makeEntry({
            x509SvidTtlSeconds: 60,
            jwtSvidTtlSeconds: 30,
            admin: true,
            downstream: true,
            expiresAtSeconds: 2 ** 40,
            dnsNames: ['b.local', 'a.local'],
            hint: 'internal "ü"',
            storeSvid: true,
            selectors: ['unix:uid:1', 'unix:gid:2'].map(parseSelector),
            additionalAttributes: { disableX509SvidPrefetch: false, jwtSvidIncludeJti: true },
          }),
        );
        expect(created).toBe(true);
        expect(entry.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(entry.revisionNumber).toBe(0n);
        expect(entry.createdAtSeconds).toBe(clock.nowMs() / 1000);
        expect(await store.entries.findEntry(entry.id)).toEqual(entry);
        expect(changes).toEqual([{ kind: 'entry', entryId: entry.id, entry }]);
      });

      test('an entry without attributes reads back without them', async () => {
        const { entry } = await store.entries.createEntry(makeEntry({}));
        expect(await store.entries.findEntry(entry.id)).not.toHaveProperty('additionalAttributes');
      });

      test('attributes that wish for nothing are none', async () => {
        const additionalAttributes = { disableX509SvidPrefetch: false, jwtSvidIncludeJti: false };
        const { entry } = await store.entries.createEntry(makeEntry({ additionalAttributes }));
        expect(entry).not.toHaveProperty('additionalAttributes');
        const updated = await store.entries.updateEntry({ ...entry, additionalAttributes });
        expect(updated).not.toHaveProperty('additionalAttributes');
      });

      test('the same SPIFFE ID, parent and set of selectors returns the entry that is there', async () => {
        const first = await store.entries.createEntry(makeEntry({ selectors: ['a:1', 'b:2'].map(parseSelector) }));
        const again = makeEntry({ id: 'other', selectors: ['b:2', 'a:1'].map(parseSelector), admin: true });
        expect(await store.entries.createEntry(again)).toEqual({ entry: first.entry, created: false });
        expect(changes).toHaveLength(1);
        for (const selectors of [['a:1'], ['a:1', 'b:2', 'c:3']]) {
          const other = makeEntry({ selectors: selectors.map(parseSelector) });
          expect((await store.entries.createEntry(other)).created).toBe(true);
        }
      });

      test('of similar entries created at the same time exactly one is stored', async () => {
        const results = await Promise.all(Array.from({ length: 50 }, () => store.entries.createEntry(makeEntry({}))));
        expect(results.filter((result) => result.created)).toHaveLength(1);
        expect(await store.entries.countEntries({})).toBe(1);
      });

      test('an id of the registrar is kept, and refused when it is taken', async () => {
        const { entry } = await store.entries.createEntry(makeEntry({ id: 'team-a.Web_1-x' }));
        expect(entry.id).toBe('team-a.Web_1-x');
        const other = makeEntry({ id: entry.id, path: '/other' });
        await expect(store.entries.createEntry(other)).rejects.toMatchObject({
          code: 'already-exists',
          message: 'datastore-sql: UNIQUE constraint failed: registered_entries.entry_id',
        });
      });

      test.each<[string, Parameters<typeof makeEntry>[0], string]>([
        ['no selector', { selectors: [] }, 'invalid registration entry: missing selector list'],
        ['a negative X.509 lifetime', { x509SvidTtlSeconds: -1 }, 'invalid registration entry: X509SvidTtl is not set'],
        ['a negative JWT lifetime', { jwtSvidTtlSeconds: -1 }, 'invalid registration entry: JwtSvidTtl is not set'],
        ['a long id', { id: 'x'.repeat(256) }, 'invalid registration entry: entry ID too long'],
        ['an odd id', { id: 'a/b' }, 'invalid registration entry: entry ID contains invalid characters'],
        [
          'stored SVIDs for selectors of several types',
          { storeSvid: true, selectors: ['a:1', 'b:1'].map(parseSelector) },
          'invalid registration entry: selector types must be the same when store SVID is enabled',
        ],
        [
          'stored SVIDs that are not prefetched',
          { storeSvid: true, additionalAttributes: { disableX509SvidPrefetch: true, jwtSvidIncludeJti: false } },
          'specifying cache behaviour is incompatible with storable SVIDs',
        ],
      ])('refuses %s', async (_what, fields, sentence) => {
        await expect(store.entries.createEntry(makeEntry(fields))).rejects.toMatchObject({
          code: 'invalid-argument',
          message: `datastore-validation: ${sentence}`,
        });
        expect(changes).toEqual([]);
      });

      test('accepts an id of 255 characters', async () => {
        const { entry } = await store.entries.createEntry(makeEntry({ id: 'x'.repeat(255) }));
        expect(entry.id).toHaveLength(255);
      });

      test.each([
        ['selector', { selectors: ['a:1', 'a:1'].map(parseSelector) }],
        ['DNS name', { dnsNames: ['a', 'a'] }],
      ])('refuses a repeated %s', async (_what, fields) => {
        await expect(store.entries.createEntry(makeEntry(fields))).rejects.toMatchObject({ code: 'already-exists' });
      });

      test('federates only with trust domains whose bundle is there', async () => {
        const entry = makeEntry({ federatesWith: ['far.org', 'absent.org'].map(TrustDomain.parse) });
        await store.bundles.createBundle(emptyBundle('far.org'));
        await expect(store.entries.createEntry(entry)).rejects.toMatchObject({
          code: 'failed-precondition',
          message: 'unable to find federated bundle "spiffe://absent.org"',
        });
        await store.bundles.createBundle(emptyBundle('absent.org'));
        const { entry: stored } = await store.entries.createEntry(entry);
        expect(stored.federatesWith.map(String)).toEqual(['absent.org', 'far.org']);
      });

      test('an update replaces only the given fields and raises the revision', async () => {
        const { entry } = await store.entries.createEntry(makeEntry({ hint: 'old', admin: true }));
        const update = makeEntry({ id: entry.id, hint: 'new', admin: false, path: '/elsewhere' });
        const updated = await store.entries.updateEntry(update, new Set(['hint']));
        expect(updated).toEqual({ ...entry, hint: 'new', revisionNumber: 1n });
        expect(await store.entries.findEntry(entry.id)).toEqual(updated);
        const replaced = await store.entries.updateEntry(update);
        expect(replaced).toEqual({ ...update, revisionNumber: 2n, createdAtSeconds: entry.createdAtSeconds });
        expect(changes.slice(1)).toEqual([
          { kind: 'entry', entryId: entry.id, entry: updated },
          { kind: 'entry', entryId: entry.id, entry: replaced },
        ]);
      });

      test('an update of selectors and federation moves what the entry is found by', async () => {
        await store.bundles.createBundle(emptyBundle('far.org'));
        const { entry } = await store.entries.createEntry(makeEntry({ selectors: [parseSelector('a:1')] }));
        await store.entries.updateEntry(
          { ...entry, selectors: [parseSelector('b:2')], federatesWith: [TrustDomain.parse('far.org')] },
          new Set(['selectors', 'federatesWith']),
        );
        expect(await idsBySelectors(store, 'exact', ['a:1'])).toEqual([]);
        expect(await idsBySelectors(store, 'exact', ['b:2'])).toEqual([entry.id]);
        const filter = { federatesWith: { match: 'exact' as const, values: [TrustDomain.parse('far.org')] } };
        expect(await store.entries.countEntries(filter)).toBe(1);
        expect((await store.entries.createEntry(makeEntry({ selectors: [parseSelector('a:1')] }))).created).toBe(true);
      });

      test('refuses updates of what is not there or cannot be stored, and changes nothing', async () => {
        await expect(store.entries.updateEntry(makeEntry({ id: 'absent' }))).rejects.toMatchObject({
          code: 'not-found',
        });
        const { entry } = await store.entries.createEntry(makeEntry({ storeSvid: true }));
        const mixed = { ...entry, selectors: ['a:1', 'b:1'].map(parseSelector) };
        const refused = { code: 'invalid-argument' };
        await expect(store.entries.updateEntry({ ...entry, selectors: [] })).rejects.toMatchObject(refused);
        await expect(store.entries.updateEntry({ ...entry, x509SvidTtlSeconds: -1 })).rejects.toMatchObject(refused);
        await expect(store.entries.updateEntry(mixed, new Set(['selectors']))).rejects.toMatchObject(refused);
        expect(await store.entries.findEntry(entry.id)).toEqual(entry);
        expect(changes).toHaveLength(1);
      });

      test('a deleted entry is gone for every way of asking', async () => {
        const { entry } = await store.entries.createEntry(makeEntry({}));
        expect(await store.entries.deleteEntry(entry.id)).toEqual(entry);
        expect(await store.entries.findEntry(entry.id)).toBeUndefined();
        expect(await store.entries.listEntries({})).toEqual({ items: [], nextToken: '' });
        expect(await idsBySelectors(store, 'any', ['unix:uid:0'])).toEqual([]);
        await expect(store.entries.deleteEntry(entry.id)).rejects.toMatchObject({ code: 'not-found' });
        expect(changes.at(-1)).toEqual({ kind: 'entry', entryId: entry.id, entry: undefined });
      });

      test('prunes what expired and nothing else', async () => {
        const [gone] = await createAll(store, [
          { path: '/gone', expiresAtSeconds: 99 },
          { path: '/edge', expiresAtSeconds: 100 },
          { path: '/never', expiresAtSeconds: 0 },
        ]);
        expect(await store.entries.pruneEntries(100)).toBe(1);
        expect(await paths(store)).toEqual(['/edge', '/never']);
        expect(changes.at(-1)).toEqual({ kind: 'entry', entryId: gone?.id, entry: undefined });
      });

      test('finds several by id and leaves out those that are not there', async () => {
        const entries = await createAll(store, [{ path: '/a' }, { path: '/b' }]);
        const ids = [...entries.map((entry) => entry.id), 'absent', ...Array.from({ length: 2500 }, (_, i) => `x${i}`)];
        const found = await store.entries.findEntries(ids);
        expect([...found.keys()].sort()).toEqual(entries.map((entry) => entry.id).sort());
        expect(await store.entries.findEntries([])).toEqual(new Map());
      });

      test('filters by each field, and by several at once', async () => {
        await createAll(store, [
          { path: '/a', parent: '/p1', hint: 'h' },
          { path: '/b', parent: '/p1', downstream: true },
          { path: '/a', parent: '/p2', hint: 'h' },
        ]);
        const id = (path: string): SpiffeId => SpiffeId.parse(`spiffe://example.org${path}`);
        const count = store.entries.countEntries.bind(store.entries);
        expect(await count({ parentId: id('/p1') })).toBe(2);
        expect(await count({ spiffeId: id('/a') })).toBe(2);
        expect(await count({ spiffeId: id('/a'), parentId: id('/p2') })).toBe(1);
        expect(await count({ hint: 'h' })).toBe(2);
        expect(await count({ hint: '' })).toBe(3);
        expect(await count({ downstream: true })).toBe(1);
        expect(await count({ downstream: undefined })).toBe(3);
        expect(await paths(store, { hint: 'h', parentId: id('/p1') })).toEqual(['/a']);
      });

      test('compares sets of selectors as the comparison on the sets themselves does', async () => {
        const subsets = allSubsets(['t:1', 't:2', 't:3', 'u:1']).filter((set) => set.length > 0);
        const entries = await createAll(
          store,
          subsets.map((set, index) => ({ path: `/${index}`, selectors: set.map(parseSelector) })),
        );
        for (const match of MATCHES) {
          for (const wanted of subsets) {
            const expected = entries.filter((_, index) => compare(match, subsets[index] ?? [], wanted));
            const ids = expected.map((entry) => entry.id);
            expect(await idsBySelectors(store, match, [...wanted, ...wanted]), `${match} ${wanted}`).toEqual(ids);
            const values = wanted.map(parseSelector);
            expect(await store.entries.countEntries({ selectors: { match, values } })).toBe(ids.length);
          }
        }
      });

      test('compares sets of trust domains likewise, never matching an entry without any', async () => {
        const names = ['a.org', 'b.org', 'c.org'];
        for (const name of names) await store.bundles.createBundle(emptyBundle(name));
        const subsets = allSubsets(names);
        const entries = await createAll(
          store,
          subsets.map((set, index) => ({ path: `/${index}`, federatesWith: set.map(TrustDomain.parse) })),
        );
        for (const match of MATCHES) {
          for (const wanted of subsets.filter((set) => set.length > 0)) {
            const expected = entries.filter(
              (_, index) => subsets[index]?.length !== 0 && compare(match, subsets[index] ?? [], wanted),
            );
            const filter = { federatesWith: { match, values: wanted.map(TrustDomain.parse) } };
            const { items } = await store.entries.listEntries(filter);
            expect(items.map((entry) => entry.id)).toEqual(expected.map((entry) => entry.id));
          }
        }
      });

      test('refuses filters by an empty set or by too many values', async () => {
        const many = Array.from({ length: 10_001 }, (_, index) => ({ type: 't', value: String(index) }));
        for (const values of [[], many]) {
          const filter = { selectors: { match: 'any' as const, values } };
          await expect(store.entries.listEntries(filter)).rejects.toMatchObject({ code: 'invalid-argument' });
          await expect(store.entries.countEntries(filter)).rejects.toMatchObject({ code: 'invalid-argument' });
        }
      });

      test('pages hold everything once, in order of creation, whatever their size', async () => {
        await createAll(
          store,
          Array.from({ length: 23 }, (_, index) => ({ path: `/${index}` })),
        );
        const all = await paths(store);
        expect(all).toEqual(Array.from({ length: 23 }, (_, index) => `/${index}`));
        await fc.assert(
          fc.asyncProperty(fc.integer({ min: 1, max: 30 }), async (size) => {
            const seen: string[] = [];
            let token = '';
            do {
              const page = await store.entries.listEntries({}, { size, token });
              expect(page.items.length).toBeLessThanOrEqual(size);
              seen.push(...page.items.map((entry) => entry.spiffeId.path));
              token = page.nextToken;
            } while (token !== '');
            expect(seen).toEqual(all);
          }),
          { numRuns: 20 },
        );
      });

      test('pages by SPIFFE ID hold everything once, by its bytes and then by creation, and know the last one', async () => {
        const names = ['/b', '/a/b', '/a', '/a-b', '/B', '/a', '/b', '/a.b', '/a'];
        const created = await createAll(
          store,
          names.map((path, index) => ({ path, selectors: [parseSelector(`n:${index}`)] })),
        );
        const place = (entry: RegistrationEntry) => [entry.spiffeId.toString(), created.indexOf(entry)] as const;
        const sorted = created.toSorted((a, b) => {
          const [left, right] = [place(a), place(b)];
          return left[0] === right[0] ? left[1] - right[1] : left[0] < right[0] ? -1 : 1;
        });
        for (const size of [1, 2, 3, 5, 8, 10, 2 ** 31 - 1]) {
          const seen: RegistrationEntry[] = [];
          let token = '';
          do {
            const page = await store.entries.listEntries({}, { size, token, order: 'spiffe-id' });
            expect(page.items.length).toBeLessThanOrEqual(size);
            seen.push(...page.items);
            token = page.nextToken;
          } while (token !== '');
          expect(seen).toEqual(sorted);
        }
        const all = await store.entries.listEntries({}, { size: 10, token: '', order: 'spiffe-id' });
        expect(all.nextToken).toBe('');
        const filtered = await store.entries.listEntries(
          { spiffeId: SpiffeId.parse('spiffe://example.org/b') },
          { size: 1, token: '', order: 'spiffe-id' },
        );
        expect(filtered.items).toEqual([created[0]]);
      });

      test('refuses a token of one order for the other', async () => {
        await createAll(store, [{ path: '/a' }, { path: '/b' }]);
        const refused = { code: 'invalid-argument' };
        const inOrder = await store.entries.listEntries({}, { size: 1, token: '', order: 'spiffe-id' });
        const plain = await store.entries.listEntries({}, { size: 1, token: '' });
        const crossed = [
          store.entries.listEntries({}, { size: 1, token: inOrder.nextToken }),
          store.entries.listEntries({}, { size: 1, token: plain.nextToken, order: 'spiffe-id' }),
        ];
        for (const listing of crossed) await expect(listing).rejects.toMatchObject(refused);
      });

      test('a page of the largest size a caller can name is like a list', async () => {
        await createAll(store, [{ path: '/a' }, { path: '/b' }]);
        const page = await store.entries.listEntries({}, { size: 2 ** 31 - 1, token: '' });
        expect(page.items).toHaveLength(2);
        expect(page.nextToken).toBe('2');
      });

      test.each(['x', '-1', '1.5', '4294967296', '99999999999999999999', ' 1'])(
        'refuses the token %j',
        async (token) => {
          await expect(store.entries.listEntries({}, { size: 1, token })).rejects.toMatchObject({
            code: 'invalid-argument',
            message: expect.stringContaining(`could not parse token '${token}'`),
          });
        },
      );

      test('lists more than it reads at once', async () => {
        const paths = Array.from({ length: 2100 }, (_, index) => ({ path: `/${index}` }));
        await createAll(store, paths);
        const { items } = await store.entries.listEntries({});
        expect(items.map((entry) => entry.spiffeId.path)).toEqual(paths.map(({ path }) => path));
      });
    });

    describe('nodes', () => {
      test('a saved node reads back, with repeated selectors once', async () => {
        const node = makeNode({ selectors: ['x:1', 'x:1', 'y:2'].map(parseSelector), agentVersion: '1.2' });
        await store.nodes.saveNode(node);
        const stored = { ...node, selectors: ['x:1', 'y:2'].map(parseSelector) };
        expect(await store.nodes.findNode(node.spiffeId)).toEqual(stored);
        expect(changes).toEqual([{ kind: 'node', spiffeId: node.spiffeId.toString(), node: stored }]);
      });

      test('saving again replaces everything and keeps the place in the list', async () => {
        const [first, second] = [makeNode({ path: '/spire/agent/1' }), makeNode({ path: '/spire/agent/2' })];
        await store.nodes.saveNode(first);
        await store.nodes.saveNode(second);
        const again = { ...first, serialNumber: '77', selectors: [parseSelector('new:1')] };
        await store.nodes.saveNode(again);
        expect((await store.nodes.listNodes({})).items).toEqual([again, second]);
        const bySelector = { selectors: { match: 'any' as const, values: first.selectors } };
        expect((await store.nodes.listNodes(bySelector)).items).toEqual([second]);
      });

      test('an update changes only what it names', async () => {
        const node = makeNode({});
        await store.nodes.saveNode(node);
        const updated = await store.nodes.updateNode(node.spiffeId, { newSerialNumber: '9', newExpiresAtSeconds: 5 });
        expect(updated).toEqual({ ...node, newSerialNumber: '9', newExpiresAtSeconds: 5 });
        expect(await store.nodes.findNode(node.spiffeId)).toEqual(updated);
        expect(changes.at(-1)).toMatchObject({ kind: 'node', node: updated });
        const absent = SpiffeId.parse('spiffe://example.org/spire/agent/none');
        await expect(store.nodes.updateNode(absent, {})).rejects.toMatchObject({ code: 'not-found' });
      });

      test('an update may be made of what is stored, in the same step', async () => {
        const node = makeNode({ agentVersion: 'v' });
        await store.nodes.saveNode(node);
        const append = (current: AttestedNode) => ({ agentVersion: `${current.agentVersion}+` });
        await Promise.all(Array.from({ length: 20 }, () => store.nodes.updateNode(node.spiffeId, append)));
        expect((await store.nodes.findNode(node.spiffeId))?.agentVersion).toBe(`v${'+'.repeat(20)}`);
        const refuse = (): never => {
          throw new SpirekitError('failed-precondition', 'no');
        };
        await expect(store.nodes.updateNode(node.spiffeId, refuse)).rejects.toMatchObject({
          code: 'failed-precondition',
        });
      });

      test('a ban stays until the node is deleted', async () => {
        const node = makeNode({});
        await store.nodes.saveNode(node);
        const banned = await store.nodes.updateNode(node.spiffeId, { serialNumber: '', newSerialNumber: '' });
        const refused = { code: 'permission-denied' };
        await expect(store.nodes.saveNode(node)).rejects.toMatchObject(refused);
        await expect(store.nodes.updateNode(node.spiffeId, { serialNumber: '1' })).rejects.toMatchObject(refused);
        await expect(store.nodes.updateNode(node.spiffeId, { newSerialNumber: '1' })).rejects.toMatchObject(refused);
        expect(await store.nodes.findNode(node.spiffeId)).toEqual(banned);
        await store.nodes.updateNode(node.spiffeId, { agentVersion: '2' });
        await store.nodes.deleteNode(node.spiffeId);
        await store.nodes.saveNode(node);
        expect(await store.nodes.findNode(node.spiffeId)).toEqual(node);
      });

      test('a node and the use of its join token are saved in one step, once', async () => {
        const nodes = Array.from({ length: 100 }, (_, index) => makeNode({ path: `/spire/agent/${index}` }));
        await store.joinTokens.createJoinToken({ value: 'secret', expiresAtSeconds: 7 });
        const saved = await Promise.allSettled(
          nodes.map((node) => store.nodes.saveNode(node, { joinToken: 'secret' })),
        );
        const refused = saved.filter((outcome) => outcome.status === 'rejected');
        expect(refused).toHaveLength(99);
        expect(refused[0]?.reason).toMatchObject({ code: 'failed-precondition' });
        expect((await store.nodes.listNodes({})).items).toHaveLength(1);
        expect(changes).toHaveLength(1);
        expect(await store.joinTokens.findJoinToken('secret')).toBeUndefined();
      });

      test('a node that is not saved does not use its join token up', async () => {
        const node = makeNode({ serialNumber: '' });
        await store.nodes.saveNode(node);
        await store.joinTokens.createJoinToken({ value: 'secret', expiresAtSeconds: 7 });
        await expect(store.nodes.saveNode(node, { joinToken: 'secret' })).rejects.toMatchObject({
          code: 'permission-denied',
        });
        expect(await store.joinTokens.findJoinToken('secret')).toBeDefined();
      });

      test('filters by each field', async () => {
        const nodes = [
          makeNode({ path: '/spire/agent/a', attestationType: 'x509pop', canReattest: true, expiresAtSeconds: 10 }),
          makeNode({ path: '/spire/agent/b', serialNumber: '', expiresAtSeconds: 20 }),
          makeNode({ path: '/spire/agent/c', expiresAtSeconds: 30, selectors: [] }),
        ];
        for (const node of nodes) await store.nodes.saveNode(node);
        const [a, b, c] = nodes;
        const list = async (
          filter: Parameters<DataStore['nodes']['listNodes']>[0],
        ): Promise<readonly AttestedNode[]> => {
          const { items } = await store.nodes.listNodes(filter);
          expect(await store.nodes.countNodes(filter)).toBe(items.length);
          return items;
        };
        expect(await list({})).toEqual([a, b, c]);
        expect(await list({ attestationType: 'x509pop' })).toEqual([a]);
        expect(await list({ banned: true })).toEqual([b]);
        expect(await list({ banned: false })).toEqual([a, c]);
        expect(await list({ canReattest: true })).toEqual([a]);
        expect(await list({ canReattest: false })).toEqual([b, c]);
        expect(await list({ expiresBeforeSeconds: 20 })).toEqual([a]);
        expect(await list({ validAtSeconds: 20 })).toEqual([b, c]);
        const values = [parseSelector('node:1')];
        for (const match of MATCHES) expect(await list({ selectors: { match, values } })).toEqual([a, b]);
        await expect(list({ selectors: { match: 'any', values: [] } })).rejects.toMatchObject({
          code: 'invalid-argument',
        });
        const page = await store.nodes.listNodes({}, { size: 2, token: '' });
        expect(page.items).toEqual([a, b]);
        expect((await store.nodes.listNodes({}, { size: 2, token: page.nextToken })).items).toEqual([c]);
      });

      test('forgets a node and exactly the entry that its join token brought', async () => {
        const node = makeNode({ attestationType: 'join_token', path: '/spire/agent/join_token/t' });
        const agentId = node.spiffeId.toString();
        await store.nodes.saveNode(node);
        await createAll(store, [
          { path: '/alias', parent: node.spiffeId.path, selectors: [{ type: 'spiffe_id', value: agentId }] },
          { path: '/workload', parent: node.spiffeId.path },
          {
            path: '/more',
            parent: node.spiffeId.path,
            selectors: [{ type: 'spiffe_id', value: agentId }, parseSelector('unix:uid:0')],
          },
          { path: '/elsewhere', parent: '/host', selectors: [{ type: 'spiffe_id', value: agentId }] },
        ]);
        changes.length = 0;
        expect(await store.nodes.deleteNode(node.spiffeId)).toEqual(node);
        expect(await paths(store)).toEqual(['/workload', '/more', '/elsewhere']);
        expect(await store.nodes.findNode(node.spiffeId)).toBeUndefined();
        expect(changes).toMatchObject([
          { kind: 'entry', entry: undefined },
          { kind: 'node', spiffeId: agentId, node: undefined },
        ]);
        await expect(store.nodes.deleteNode(node.spiffeId)).rejects.toMatchObject({ code: 'not-found' });
      });

      test('keeps such an entry when the node attested in another way', async () => {
        const node = makeNode({ attestationType: 'x509pop' });
        await store.nodes.saveNode(node);
        const selectors = [{ type: 'spiffe_id', value: node.spiffeId.toString() }];
        await createAll(store, [{ path: '/alias', parent: node.spiffeId.path, selectors }]);
        await store.nodes.deleteNode(node.spiffeId);
        expect(await paths(store)).toEqual(['/alias']);
      });

      test('prunes expired nodes that can attest again, others only when told, and banned ones never', async () => {
        for (const node of [
          makeNode({ path: '/spire/agent/again', canReattest: true, expiresAtSeconds: 5 }),
          makeNode({ path: '/spire/agent/once', expiresAtSeconds: 5 }),
          makeNode({ path: '/spire/agent/banned', canReattest: true, serialNumber: '', expiresAtSeconds: 5 }),
          makeNode({ path: '/spire/agent/valid', canReattest: true, expiresAtSeconds: 50 }),
        ]) {
          await store.nodes.saveNode(node);
        }
        const left = async (): Promise<string[]> =>
          (await store.nodes.listNodes({})).items.map((node) => node.spiffeId.path.slice('/spire/agent/'.length));
        expect(await store.nodes.pruneNodes(10)).toBe(1);
        expect(await left()).toEqual(['once', 'banned', 'valid']);
        expect(await store.nodes.pruneNodes(10, { includeNonReattestable: true })).toBe(1);
        expect(await left()).toEqual(['banned', 'valid']);
      });

      test('prunes so many nodes at once, those that expired first', async () => {
        for (const expiresAtSeconds of [7, 5, 6]) {
          const path = `/spire/agent/${expiresAtSeconds}`;
          await store.nodes.saveNode(makeNode({ path, canReattest: true, expiresAtSeconds }));
        }
        const left = async (): Promise<string[]> =>
          (await store.nodes.listNodes({})).items.map((node) => node.spiffeId.path.slice('/spire/agent/'.length));
        expect(await store.nodes.pruneNodes(10, { limit: 2 })).toBe(2);
        expect(await left()).toEqual(['7']);
        expect(await store.nodes.pruneNodes(10, { limit: 2 })).toBe(1);
      });
    });

    describe('join tokens', () => {
      test('a token is given out once, also to a hundred callers at the same time', async () => {
        await store.joinTokens.createJoinToken({ value: 'secret', expiresAtSeconds: 7 });
        expect(await store.joinTokens.findJoinToken('secret')).toEqual({ value: 'secret', expiresAtSeconds: 7 });
        const taken = await Promise.all(Array.from({ length: 100 }, () => store.joinTokens.takeJoinToken('secret')));
        expect(taken.filter((token) => token !== undefined)).toEqual([{ value: 'secret', expiresAtSeconds: 7 }]);
        expect(await store.joinTokens.findJoinToken('secret')).toBeUndefined();
      });

      test('refuses a token that is there already', async () => {
        await store.joinTokens.createJoinToken({ value: 'secret', expiresAtSeconds: 7 });
        await expect(store.joinTokens.createJoinToken({ value: 'secret', expiresAtSeconds: 8 })).rejects.toMatchObject({
          code: 'already-exists',
          message: 'datastore-sql: UNIQUE constraint failed: join_tokens.token',
        });
      });

      test('prunes expired tokens', async () => {
        await store.joinTokens.createJoinToken({ value: 'old', expiresAtSeconds: 9 });
        await store.joinTokens.createJoinToken({ value: 'new', expiresAtSeconds: 10 });
        expect(await store.joinTokens.pruneJoinTokens(10)).toBe(1);
        expect(await store.joinTokens.findJoinToken('old')).toBeUndefined();
        expect(await store.joinTokens.findJoinToken('new')).toBeDefined();
      });
    });

    describe('bundles', () => {
      const td = TrustDomain.parse('far.org');

      test('a bundle reads back with everything it holds', async () => {
        const bundle: AuthorityBundle = {
          trustDomain: td,
          x509Authorities: [{ certificate: await rootCertificate('far.org', 1000), tainted: true }],
          jwtAuthorities: [key('k1', 5), { ...key('k2', 0), tainted: true }],
          witAuthorities: [key('w', 9)],
          refreshHintSeconds: 300,
          sequenceNumber: 2n ** 63n,
        };
        expect(await store.bundles.createBundle(bundle)).toEqual(bundle);
        expect(await store.bundles.findBundle(td)).toEqual(bundle);
        expect((await store.bundles.listBundles()).items).toEqual([bundle]);
        expect(await store.bundles.countBundles()).toBe(1);
        expect(changes).toEqual([{ kind: 'bundle', trustDomain: td }]);
        await expect(store.bundles.createBundle(bundle)).rejects.toMatchObject({ code: 'already-exists' });
      });

      test('set creates and replaces, update only replaces, and only what is named', async () => {
        const first = { ...emptyBundle('far.org'), refreshHintSeconds: 1, jwtAuthorities: [key('k', 1)] };
        await expect(store.bundles.updateBundle(first)).rejects.toMatchObject({ code: 'not-found' });
        await store.bundles.setBundle(first);
        const next = { ...emptyBundle('far.org'), refreshHintSeconds: 2, sequenceNumber: 9n };
        const updated = await store.bundles.updateBundle(next, new Set(['refreshHintSeconds']));
        expect(updated).toEqual({ ...first, refreshHintSeconds: 2 });
        expect(await store.bundles.setBundle(next)).toEqual(next);
        expect(await store.bundles.findBundle(td)).toEqual(next);
      });

      test('advance, and never go back by it', async () => {
        const { bundles } = store;
        const at = (sequenceNumber: bigint) => ({ ...emptyBundle('far.org'), sequenceNumber });
        const td = TrustDomain.parse('far.org');
        for (const [given, kept] of [
          [4n, 4n],
          [6n, 6n],
          [5n, 6n],
          [6n, 6n],
          [0n, 0n],
          [1n, 1n],
        ] as const) {
          expect(await bundles.advanceBundle(at(given))).toEqual(at(kept));
          expect(await bundles.findBundle(td)).toEqual(at(kept));
        }
        await Promise.all([9n, 12n, 10n, 11n].map((number) => bundles.advanceBundle(at(number))));
        expect(await bundles.findBundle(td)).toEqual(at(12n));
      });

      test('changes of one do not move the page tokens of those made later', async () => {
        for (let round = 0; round < 3; round += 1) await store.bundles.setBundle(emptyBundle('far.org'));
        await store.bundles.createBundle(emptyBundle('near.org'));
        expect((await store.bundles.listBundles({ size: 5, token: '' })).nextToken).toBe('2');
        for (let round = 0; round < 3; round += 1) await store.nodes.saveNode(makeNode({}));
        await store.nodes.saveNode(makeNode({ path: '/spire/agent/x509pop/2' }));
        expect((await store.nodes.listNodes({}, { size: 5, token: '' })).nextToken).toBe('2');
      });

      test('append adds what is new, once, and counts changes', async () => {
        const [one, two] = [await rootCertificate('far.org', 1000), await rootCertificate('far.org', 2000)];
        const part = (certificate: Uint8Array, keyId: string): AuthorityBundle => ({
          ...emptyBundle('far.org'),
          x509Authorities: [{ certificate, tainted: false }],
          jwtAuthorities: [key(keyId, 0)],
        });
        await store.bundles.appendBundle(part(one, 'a'));
        expect((await store.bundles.appendBundle(part(one, 'a'))).sequenceNumber).toBe(0n);
        await store.bundles.appendBundle(part(two, 'b'));
        const bundle = await store.bundles.findBundle(td);
        expect(bundle?.x509Authorities.map((authority) => authority.certificate)).toEqual([one, two]);
        expect(bundle?.jwtAuthorities.map((each) => each.keyId)).toEqual(['a', 'b']);
        expect(bundle?.sequenceNumber).toBe(1n);
        expect(changes).toHaveLength(2);
      });

      test('appending at the same time loses nothing', async () => {
        await Promise.all(
          Array.from({ length: 30 }, (_, index) =>
            store.bundles.appendBundle({ ...emptyBundle('far.org'), jwtAuthorities: [key(`k${index}`, 0)] }),
          ),
        );
        expect((await store.bundles.findBundle(td))?.jwtAuthorities).toHaveLength(30);
      });

      test('prunes what expired, but never a whole kind', async () => {
        const [old, current] = [await rootCertificate('far.org', 1000), await rootCertificate('far.org', 5000)];
        await store.bundles.createBundle({
          ...emptyBundle('far.org'),
          x509Authorities: [old, current].map((certificate) => ({ certificate, tainted: false })),
          jwtAuthorities: [key('old', 1000), key('current', 5000), key('forever', 0)],
          witAuthorities: [key('expired', 1)],
        });
        expect(await store.bundles.pruneBundle(td, 999)).toBe(false);
        expect(await store.bundles.pruneBundle(td, 1000)).toBe(true);
        const bundle = await store.bundles.findBundle(td);
        expect(bundle?.x509Authorities.map((authority) => authority.certificate)).toEqual([current]);
        expect(bundle?.jwtAuthorities.map((each) => each.keyId)).toEqual(['current', 'forever']);
        expect(bundle?.witAuthorities.map((each) => each.keyId)).toEqual(['expired']);
        expect(bundle?.sequenceNumber).toBe(1n);
        expect(await store.bundles.pruneBundle(td, 9000)).toBe(true);
        expect((await store.bundles.findBundle(td))?.x509Authorities).toHaveLength(1);
        expect(await store.bundles.pruneBundle(TrustDomain.parse('absent.org'), 1)).toBe(false);
      });

      test('is not deleted under entries that federate with it, unless the mode says what becomes of them', async () => {
        const federatesWith = ['far.org', 'near.org'].map(TrustDomain.parse);
        for (const name of ['far.org', 'near.org']) await store.bundles.createBundle(emptyBundle(name));
        const [entry] = await createAll(store, [{ path: '/a', federatesWith }, { path: '/b' }]);
        await expect(store.bundles.deleteBundle(td, 'restrict')).rejects.toMatchObject({
          code: 'failed-precondition',
          message: 'datastore-sql: cannot delete bundle; federated with 1 registration entries',
        });
        changes.length = 0;
        await store.bundles.deleteBundle(td, 'dissociate');
        const freed = { ...entry, federatesWith: [TrustDomain.parse('near.org')] };
        expect(await store.entries.findEntry(entry?.id ?? '')).toEqual(freed);
        expect(changes).toEqual([
          { kind: 'entry', entryId: entry?.id, entry: freed },
          { kind: 'bundle', trustDomain: td },
        ]);
        await store.bundles.deleteBundle(TrustDomain.parse('near.org'), 'delete');
        expect(await paths(store)).toEqual(['/b']);
        await expect(store.bundles.deleteBundle(td, 'delete')).rejects.toMatchObject({ code: 'not-found' });
      });

      test('an X.509 authority is tainted once and revoked only when tainted', async () => {
        const certificate = await rootCertificate('far.org', 1000);
        const keyId = await subjectKeyIdOf(certificate);
        const bundle = { ...emptyBundle('far.org'), x509Authorities: [{ certificate, tainted: false }] };
        await store.bundles.createBundle(bundle);
        const { bundles } = store;
        await expect(bundles.revokeX509Authority(td, keyId)).rejects.toMatchObject({ code: 'invalid-argument' });
        await expect(bundles.taintX509Authority(td, '00')).rejects.toMatchObject({ code: 'not-found' });
        await bundles.taintX509Authority(td, keyId);
        await expect(bundles.taintX509Authority(td, keyId)).rejects.toMatchObject({ code: 'invalid-argument' });
        expect((await bundles.findBundle(td))?.x509Authorities).toEqual([{ certificate, tainted: true }]);
        await bundles.revokeX509Authority(td, keyId);
        await expect(bundles.revokeX509Authority(td, keyId)).rejects.toMatchObject({ code: 'not-found' });
        expect(await bundles.findBundle(td)).toEqual({ ...bundle, x509Authorities: [], sequenceNumber: 2n });
      });

      test.each(['jwt', 'wit'] as const)('a %s key is tainted once and revoked only when tainted', async (kind) => {
        const field = kind === 'jwt' ? 'jwtAuthorities' : 'witAuthorities';
        await store.bundles.createBundle({ ...emptyBundle('far.org'), [field]: [key('a', 1), key('b', 2)] });
        const { bundles } = store;
        await expect(bundles.revokeKeyAuthority(td, kind, 'a')).rejects.toMatchObject({ code: 'invalid-argument' });
        expect(await bundles.taintKeyAuthority(td, kind, 'a')).toEqual({ ...key('a', 1), tainted: true });
        await expect(bundles.taintKeyAuthority(td, kind, 'a')).rejects.toMatchObject({ code: 'invalid-argument' });
        expect((await bundles.revokeKeyAuthority(td, kind, 'a')).keyId).toBe('a');
        await expect(bundles.taintKeyAuthority(td, kind, 'a')).rejects.toMatchObject({ code: 'not-found' });
        const left = await bundles.findBundle(td);
        expect(left?.[field]).toEqual([key('b', 2)]);
        expect(left?.sequenceNumber).toBe(2n);
      });
    });

    describe('federation relationships', () => {
      const td = TrustDomain.parse('far.org');
      const web = { trustDomain: td, bundleEndpointUrl: 'https://far.org/b', profile: { kind: 'https_web' } } as const;
      const spiffe = {
        ...web,
        profile: { kind: 'https_spiffe', endpointSpiffeId: SpiffeId.parse('spiffe://far.org/bundle') },
      } as const;

      test('are created once, read, updated and deleted', async () => {
        const { federation } = store;
        await federation.createFederationRelationship(web);
        await expect(federation.createFederationRelationship(web)).rejects.toMatchObject({
          code: 'already-exists',
          message: 'datastore-sql: UNIQUE constraint failed: federated_trust_domains.trust_domain',
        });
        expect(await federation.findFederationRelationship(td)).toEqual(web);
        expect(await federation.updateFederationRelationship(td, { profile: spiffe.profile })).toEqual(spiffe);
        expect((await federation.listFederationRelationships()).items).toEqual([spiffe]);
        expect(await federation.updateFederationRelationship(td, web)).toEqual(web);
        expect((await federation.listFederationRelationships({ size: 1, token: '' })).items).toEqual([web]);
        await federation.deleteFederationRelationship(td);
        expect(await federation.findFederationRelationship(td)).toBeUndefined();
        await expect(federation.deleteFederationRelationship(td)).rejects.toMatchObject({ code: 'not-found' });
        await expect(federation.updateFederationRelationship(td, web)).rejects.toMatchObject({
          code: 'not-found',
          message: 'unable to fetch federation relationship: record not found',
        });
        expect(changes).toEqual(Array.from({ length: 4 }, () => ({ kind: 'federation', trustDomain: td })));
      });

      test('bring their bundle with them, all or nothing', async () => {
        const { federation, bundles } = store;
        const bundle = { ...emptyAuthorityBundle(td), sequenceNumber: 3n };
        await federation.createFederationRelationship(web, bundle);
        expect(await bundles.findBundle(td)).toEqual(bundle);
        const next = { ...bundle, sequenceNumber: 4n };
        await expect(federation.createFederationRelationship(web, next)).rejects.toMatchObject({
          code: 'already-exists',
        });
        expect(await bundles.findBundle(td)).toEqual(bundle);
        expect(await federation.updateFederationRelationship(td, { bundle: next })).toEqual(web);
        expect(await bundles.findBundle(td)).toEqual(next);
        await federation.deleteFederationRelationship(td);
        await expect(federation.updateFederationRelationship(td, { bundle })).rejects.toMatchObject({
          code: 'not-found',
        });
        expect(await bundles.findBundle(td)).toEqual(next);
      });
    });

    describe('CA journals', () => {
      test('are kept one per server and found by the active authority', async () => {
        const { caJournals } = store;
        const id = await caJournals.saveCaJournal({ activeX509AuthorityId: 'aa', data: new Uint8Array([1]) });
        const other = await caJournals.saveCaJournal({ activeX509AuthorityId: 'bb', data: new Uint8Array() });
        await caJournals.saveCaJournal({ id, activeX509AuthorityId: 'cc', data: new Uint8Array([2, 0, 255]) });
        expect(await caJournals.findCaJournal('aa')).toBeUndefined();
        expect(await caJournals.findCaJournal('cc')).toEqual({
          id,
          activeX509AuthorityId: 'cc',
          data: new Uint8Array([2, 0, 255]),
        });
        await caJournals.deleteCaJournal(id);
        expect((await caJournals.listCaJournals()).map((journal) => journal.id)).toEqual([other]);
        const gone = { id, activeX509AuthorityId: '', data: new Uint8Array() };
        await expect(caJournals.saveCaJournal(gone)).rejects.toMatchObject({ code: 'not-found' });
      });
    });

    describe('writes at the same time', () => {
      test('each happens as a whole or not at all, in the order they were asked for', async () => {
        await store.bundles.createBundle(emptyBundle('far.org'));
        changes.length = 0;
        const results = await Promise.allSettled([
          store.entries.createEntry(makeEntry({ id: 'a', path: '/a' })),
          store.entries.createEntry(makeEntry({ id: 'a', path: '/taken' })),
          store.entries.createEntry(makeEntry({ id: 'b', path: '/b', selectors: [] })),
          store.entries.createEntry(makeEntry({ id: 'c', path: '/c', federatesWith: [TrustDomain.parse('far.org')] })),
          store.bundles.deleteBundle(TrustDomain.parse('far.org'), 'restrict'),
          store.entries.deleteEntry('a'),
          store.entries.deleteEntry('a'),
          ...Array.from({ length: 300 }, (_, index) => store.entries.createEntry(makeEntry({ path: `/${index}` }))),
        ]);
        const failed = results.map((result) => result.status === 'rejected');
        expect(failed).toEqual([false, true, true, false, true, false, true, ...Array(300).fill(false)]);
        expect(changes.map((change) => (change.kind === 'entry' ? change.entryId : change.kind)).slice(0, 3)).toEqual([
          'a',
          'c',
          'a',
        ]);
        expect(changes).toHaveLength(303);
        expect((await paths(store)).slice(0, 2)).toEqual(['/c', '/0']);
      });
    });

    describeEntryBatches(open);

    describe('changes', () => {
      test('are told in the order of the commits, after each is visible, and no more after unsubscribing', async () => {
        const { entry } = await store.entries.createEntry(makeEntry({}));
        const revisions: (bigint | undefined)[] = [];
        const unsubscribe = store.changes.subscribe((change) => {
          if (change.kind === 'entry') revisions.push(change.entry?.revisionNumber);
        });
        const updates = Array.from({ length: 20 }, () => store.entries.updateEntry(entry));
        await Promise.all(updates);
        expect(revisions).toEqual(Array.from({ length: 20 }, (_, index) => BigInt(index + 1)));
        unsubscribe();
        await store.entries.deleteEntry(entry.id);
        expect(revisions).toHaveLength(20);
      });
    });
  });
}

function key(keyId: string, expiresAtSeconds: number): KeyAuthority {
  const publicKey = new Uint8Array(createHash('sha256').update(keyId).digest());
  return { keyId, publicKey, expiresAtSeconds, tainted: false };
}

function emptyBundle(name: string): AuthorityBundle {
  return {
    trustDomain: TrustDomain.parse(name),
    x509Authorities: [],
    jwtAuthorities: [],
    witAuthorities: [],
    refreshHintSeconds: 0,
    sequenceNumber: 0n,
  };
}

async function subjectKeyIdOf(certificate: Uint8Array): Promise<string> {
  const { Certificate } = await import('../../../../src/lib/crypto/certificate.ts');
  return Buffer.from(Certificate.parse(certificate).subjectKeyId ?? []).toString('hex');
}

async function createAll(
  store: DataStore,
  list: readonly Parameters<typeof makeEntry>[0][],
): Promise<RegistrationEntry[]> {
  const entries: RegistrationEntry[] = [];
  for (const fields of list) entries.push((await store.entries.createEntry(makeEntry(fields))).entry);
  return entries;
}

async function paths(store: DataStore, filter: Parameters<DataStore['entries']['listEntries']>[0] = {}) {
  return (await store.entries.listEntries(filter)).items.map((entry) => entry.spiffeId.path);
}

async function idsBySelectors(store: DataStore, match: SetMatch, texts: readonly string[]): Promise<string[]> {
  const values: Selector[] = texts.map(parseSelector);
  const { items } = await store.entries.listEntries({ selectors: { match, values } });
  return items.map((entry) => entry.id);
}

function allSubsets(items: readonly string[]): string[][] {
  const [first, ...rest] = items;
  if (first === undefined) return [[]];
  return allSubsets(rest).flatMap((set) => [set, [first, ...set]]);
}

function compare(match: SetMatch, own: readonly string[], wanted: readonly string[]): boolean {
  const isSubset = own.every((item) => wanted.includes(item));
  const isSuperset = wanted.every((item) => own.includes(item));
  switch (match) {
    case 'exact':
      return isSubset && isSuperset;
    case 'subset':
      return isSubset;
    case 'superset':
      return isSuperset;
    case 'any':
      return own.some((item) => wanted.includes(item));
  }
}
