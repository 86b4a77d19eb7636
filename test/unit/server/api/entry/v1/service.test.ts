import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ServiceImplementation } from '../../../../../../src/lib/rpc/call-context.ts';
import { rpcStatusOf } from '../../../../../../src/lib/rpc/status.ts';
import { entryService } from '../../../../../../src/lib/server/api/entry/v1/service.ts';
import { AuthorizedEntryCache } from '../../../../../../src/lib/server/cache/authorized-entry-cache.ts';
import type { DataStore } from '../../../../../../src/lib/server/datastore/datastore.ts';
import { openSqliteDataStore } from '../../../../../../src/lib/server/datastore/sqlite/open-sqlite-data-store.ts';
import { TrustDomain } from '../../../../../../src/lib/spiffe/trust-domain.ts';
import {
  type EntryDefinition,
  ListEntriesRequest,
  SyncAuthorizedEntriesRequest,
} from '../../../../../../src/lib/wire/gen/spire/api/server/entry/v1/entry.ts';
import { Entry, EntryMask } from '../../../../../../src/lib/wire/gen/spire/api/types/entry.ts';
import { ManualClock } from '../../../../../support/manual-clock.ts';
import { idOf, makeEntry } from '../../../datastore/samples.ts';
import { collect, makeAgentCall, makeAuthorizedCall, streamOf } from '../../calls.ts';

const AGENT = idOf('/spire/agent/x509pop/1');
type Filter = NonNullable<NonNullable<Parameters<typeof ListEntriesRequest.fromPartial>[0]>['filter']>;

const TD = TrustDomain.parse('example.org');

describe('entryService', () => {
  let clock: ManualClock;
  let store: DataStore;
  let cache: AuthorizedEntryCache;
  let service: Required<ServiceImplementation<typeof EntryDefinition>>;

  beforeEach(async () => {
    clock = new ManualClock();
    store = await openSqliteDataStore({ path: ':memory:', clock });
    cache = await AuthorizedEntryCache.open({ ...store, clock });
    service = open({});
  });
  afterEach(async () => {
    cache[Symbol.dispose]();
    await store[Symbol.asyncDispose]();
  });

  function open(options: { syncPageSize?: number }): Required<ServiceImplementation<typeof EntryDefinition>> {
    const deps = { trustDomain: TD, entries: store.entries, authorizedEntries: cache, ...options };
    // All methods are there; the type says that any may be missing.
    return entryService(deps) as Required<ServiceImplementation<typeof EntryDefinition>>;
  }

  const call = makeAuthorizedCall();
  const wire = (fields: Partial<Entry> & { path?: string; parent?: string }): Entry => {
    const { path = '/web', parent = '/host', ...rest } = fields;
    return Entry.fromPartial({
      spiffeId: { trustDomain: 'example.org', path },
      parentId: { trustDomain: 'example.org', path: parent },
      selectors: [{ type: 'unix', value: 'uid:0' }],
      ...rest,
    });
  };
  const create = async (...entries: Entry[]) =>
    (await service.batchCreateEntry({ entries, outputMask: undefined }, call)).results;

  describe('BatchCreateEntry', () => {
    test('answers item by item, in order, and one bad item leaves the others alone', async () => {
      const entries = Array.from({ length: 250 }, (_, index) => wire({ path: `/${index}` }));
      entries[7] = wire({ path: '/7', selectors: [] });
      entries[120] = wire({ path: '/5' });
      const results = await create(...entries);
      expect(results).toHaveLength(250);
      for (const [index, { status, entry }] of results.entries()) {
        if (index === 7) {
          expect(status).toEqual({ code: 3, message: 'failed to convert entry: selector list is empty' });
          expect(entry).toBeUndefined();
        } else if (index === 120) {
          expect(status).toEqual({ code: 6, message: 'similar entry already exists' });
          expect(entry).toEqual(results[5]?.entry);
        } else {
          expect(status).toEqual({ code: 0, message: 'OK' });
          expect(entry?.spiffeId?.path).toBe(`/${index}`);
        }
      }
    });

    test.each<[string, Entry, number, string]>([
      [
        'an ID of another trust domain',
        wire({ spiffeId: { trustDomain: 'other.org', path: '/x' } }),
        3,
        'failed to convert entry: invalid spiffe ID: "spiffe://other.org/x" is not a member of trust domain "example.org"',
      ],
      [
        'a reserved ID',
        wire({ path: '/spire/agent/x' }),
        3,
        'failed to convert entry: invalid spiffe ID: "spiffe://example.org/spire/agent/x" is not a workload in trust domain "example.org"; path is in the reserved namespace',
      ],
      [
        'no parent',
        { ...wire({}), parentId: undefined },
        3,
        'failed to convert entry: invalid parent ID: request must specify SPIFFE ID',
      ],
      [
        'a long hint',
        wire({ hint: 'é'.repeat(513) }),
        3,
        'failed to convert entry: hint is too long, max length is 1024 characters',
      ],
      [
        'a bad DNS name',
        wire({ dnsNames: ['a.'] }),
        3,
        'failed to convert entry: invalid DNS name: domain ends with dot',
      ],
      [
        'a trust domain without bundle',
        wire({ federatesWith: ['far.org'] }),
        13,
        'failed to create entry: unable to find federated bundle "spiffe://far.org"',
      ],
      [
        'a negative lifetime',
        wire({ x509SvidTtl: -5 }),
        3,
        'failed to create entry: datastore-validation: invalid registration entry: X509SvidTtl is not set',
      ],
      [
        'an odd id',
        wire({ id: 'a b' }),
        3,
        'failed to create entry: datastore-validation: invalid registration entry: entry ID contains invalid characters',
      ],
    ])('refuses %s in the words of SPIRE', async (_what, entry, code, message) => {
      expect(await create(entry)).toEqual([{ status: { code, message }, entry: undefined }]);
    });

    test('answers with selectors and DNS names in order, and keeps them in the order they came', async () => {
      const selectors = ['uid:1', 'gid:1'].map((value) => ({ type: 'unix', value }));
      const [result] = await create(wire({ id: 'e', selectors, dnsNames: ['b', 'a'] }));
      expect(result?.entry?.selectors.map(({ value }) => value)).toEqual(['gid:1', 'uid:1']);
      expect(result?.entry?.dnsNames).toEqual(['a', 'b']);
      const kept = await service.getEntry({ id: 'e', outputMask: undefined }, call);
      expect(kept.selectors.map(({ value }) => value)).toEqual(['uid:1', 'gid:1']);
      expect(kept.dnsNames).toEqual(['b', 'a']);
    });

    test('refuses an id that is taken', async () => {
      await create(wire({ id: 'e1' }));
      const [result] = await create(wire({ id: 'e1', path: '/other' }));
      expect(result?.status).toEqual({
        code: 6,
        message: 'failed to create entry: datastore-sql: UNIQUE constraint failed: registered_entries.entry_id',
      });
    });

    test('begins nothing once the caller has given up', async () => {
      const controller = new AbortController();
      const entries = Array.from({ length: 300 }, (_, index) => wire({ path: `/${index}` }));
      const given = { ...call, signal: controller.signal };
      const creating = service.batchCreateEntry({ entries, outputMask: undefined }, given);
      controller.abort();
      await expect(creating).rejects.toMatchObject({ name: 'AbortError' });
      expect(await store.entries.countEntries({})).toBe(0);
    });

    test('output masks hold for the answer only', async () => {
      const mask = EntryMask.fromPartial({ hint: true });
      const { results } = await service.batchCreateEntry({ entries: [wire({ hint: 'h' })], outputMask: mask }, call);
      const id = results[0]?.entry?.id ?? '';
      expect(results[0]?.entry).toEqual(Entry.fromPartial({ id, hint: 'h' }));
      expect((await store.entries.findEntry(id))?.spiffeId.path).toBe('/web');
    });
  });

  describe('BatchUpdateEntry', () => {
    test('without input mask replaces the entry, with one only its fields', async () => {
      const [created] = await create(wire({ hint: 'h', admin: true }));
      const id = created?.entry?.id ?? '';
      const inputMask = EntryMask.fromPartial({ hint: true });
      const masked = { entries: [Entry.fromPartial({ id, hint: 'new' })], inputMask, outputMask: undefined };
      const first = await service.batchUpdateEntry(masked, call);
      expect(first.results[0]?.status?.code).toBe(0);
      expect(first.results[0]?.entry).toMatchObject({ hint: 'new', admin: true, revisionNumber: 1n });
      const whole = { entries: [wire({ id, path: '/moved' })], inputMask: undefined, outputMask: undefined };
      const second = await service.batchUpdateEntry(whole, call);
      expect(second.results[0]?.entry).toMatchObject({
        spiffeId: { path: '/moved' },
        hint: '',
        admin: false,
        revisionNumber: 2n,
      });
    });

    test('says what is not there and what is wrong', async () => {
      const entries = [wire({ id: 'absent' }), wire({ id: 'x', selectors: [{ type: 'a:b', value: 'c' }] })];
      const { results } = await service.batchUpdateEntry(
        { entries, inputMask: undefined, outputMask: undefined },
        call,
      );
      expect(results.map((result) => result.status)).toEqual([
        { code: 5, message: 'failed to update entry' },
        { code: 3, message: "failed to convert entry: selector type contains ':'" },
      ]);
    });
  });

  test('BatchDeleteEntry answers each id', async () => {
    await create(wire({ id: 'a' }));
    const { results } = await service.batchDeleteEntry({ ids: ['a', 'a', ''] }, call);
    expect(results).toEqual([
      { status: { code: 0, message: 'OK' }, id: 'a' },
      { status: { code: 5, message: 'entry not found' }, id: 'a' },
      { status: { code: 3, message: 'missing entry ID' }, id: '' },
    ]);
  });

  test('GetEntry returns the masked entry or says why not', async () => {
    await create(wire({ id: 'a', hint: 'h' }));
    const outputMask = EntryMask.fromPartial({ hint: true });
    expect(await service.getEntry({ id: 'a', outputMask }, call)).toEqual(Entry.fromPartial({ id: 'a', hint: 'h' }));
    await expect(service.getEntry({ id: 'b', outputMask }, call)).rejects.toMatchObject({
      code: 'not-found',
      message: 'entry not found',
    });
    await expect(service.getEntry({ id: '', outputMask }, call)).rejects.toMatchObject({ message: 'missing ID' });
  });

  describe('ListEntries and CountEntries', () => {
    const list = async (request: Parameters<typeof ListEntriesRequest.fromPartial>[0]) => {
      const { entries, nextPageToken } = await service.listEntries(ListEntriesRequest.fromPartial(request), call);
      const { filter } = ListEntriesRequest.fromPartial(request);
      if (request.pageSize === undefined) {
        expect((await service.countEntries({ filter }, call)).count).toBe(entries.length);
      }
      return { paths: entries.map((entry) => entry.spiffeId?.path), nextPageToken };
    };

    beforeEach(async () => {
      await create(
        wire({ path: '/a', hint: 'h' }),
        wire({ path: '/b', downstream: true, parent: '/other' }),
        wire({ path: '/c', selectors: ['uid:0', 'gid:0'].map((value) => ({ type: 'unix', value })) }),
      );
    });

    test('filter as SPIRE does; "not downstream" is no filter', async () => {
      expect((await list({})).paths).toEqual(['/a', '/b', '/c']);
      expect((await list({ filter: { byDownstream: false } })).paths).toEqual(['/a', '/b', '/c']);
      expect((await list({ filter: { byDownstream: true } })).paths).toEqual(['/b']);
      expect((await list({ filter: { byHint: 'h' } })).paths).toEqual(['/a']);
      expect((await list({ filter: { byHint: '' } })).paths).toEqual(['/a', '/b', '/c']);
      const parent = { trustDomain: 'example.org', path: '/other' };
      expect((await list({ filter: { byParentId: parent } })).paths).toEqual(['/b']);
      const selectors = [{ type: 'unix', value: 'uid:0' }];
      expect((await list({ filter: { bySelectors: { selectors, match: 0 } } })).paths).toEqual(['/a', '/b']);
      expect((await list({ filter: { bySelectors: { selectors, match: 2 } } })).paths).toEqual(['/a', '/b', '/c']);
    });

    test('filter by the trust domains an entry federates with', async () => {
      for (const name of ['far.org', 'near.org']) {
        await store.bundles.createBundle({
          trustDomain: TrustDomain.parse(name),
          x509Authorities: [],
          jwtAuthorities: [],
          witAuthorities: [],
          refreshHintSeconds: 0,
          sequenceNumber: 0n,
        });
      }
      await create(
        wire({ path: '/one', federatesWith: ['far.org'] }),
        wire({ path: '/two', federatesWith: ['near.org', 'far.org'] }),
      );
      const by = async (match: 0 | 1 | 2 | 3, ...trustDomains: string[]) =>
        (await list({ filter: { byFederatesWith: { trustDomains, match } } })).paths;
      expect(await by(0, 'far.org')).toEqual(['/one']);
      expect(await by(1, 'far.org')).toEqual(['/one']);
      expect(await by(2, 'far.org')).toEqual(['/one', '/two']);
      expect(await by(3, 'near.org', 'absent.org')).toEqual(['/two']);
    });

    test('pages name the next one until one is empty', async () => {
      expect(await list({ pageSize: 2 })).toEqual({ paths: ['/a', '/b'], nextPageToken: '2' });
      expect(await list({ pageSize: 2, pageToken: '2' })).toEqual({ paths: ['/c'], nextPageToken: '3' });
      expect(await list({ pageSize: 2, pageToken: '3' })).toEqual({ paths: [], nextPageToken: '' });
      expect((await list({ pageSize: 2 ** 31 - 1 })).paths).toEqual(['/a', '/b', '/c']);
      expect((await list({ pageSize: -1 })).paths).toEqual(['/a', '/b', '/c']);
    });

    test('cut a page that would not fit into a message of Go, losing nothing', async () => {
      const dnsNames = Array.from({ length: 4000 }, (_, index) => `${'d'.repeat(50)}.${'e'.repeat(50)}.n${index}`);
      await create(...Array.from({ length: 12 }, (_, index) => wire({ path: `/big/${index}`, dnsNames })));
      const seen: (string | undefined)[] = [];
      let pageToken = '';
      let pages = 0;
      do {
        const request = ListEntriesRequest.fromPartial({ pageSize: 500, pageToken });
        const page = await service.listEntries(request, call);
        seen.push(...page.entries.map((entry) => entry.spiffeId?.path));
        const size = page.entries.reduce((sum, entry) => sum + Entry.encode(entry).finish().length, 0);
        expect(size).toBeLessThan(4 * 1024 * 1024);
        pageToken = page.nextPageToken;
        pages += 1;
      } while (pageToken !== '');
      expect(seen).toEqual(['/a', '/b', '/c', ...Array.from({ length: 12 }, (_, index) => `/big/${index}`)]);
      expect(pages).toBeGreaterThan(2);
    });

    test.each<[Filter, string]>([
      [{ byParentId: { trustDomain: 'example.org', path: '' } }, 'malformed parent ID filter: '],
      [{ bySpiffeId: { trustDomain: 'Bad', path: '/x' } }, 'malformed SPIFFE ID filter: '],
      [{ bySelectors: { selectors: [], match: 0 } }, 'malformed selectors filter: empty selector set'],
      [
        { bySelectors: { selectors: [{ type: 'a', value: 'b' }], match: 9 as 0 } },
        'malformed selectors filter: unhandled match behavior 9',
      ],
      [{ byFederatesWith: { trustDomains: [], match: 0 } }, 'malformed federates with filter: empty trust domain set'],
    ])('refuse the filter %j', async (filter, sentence) => {
      const request = ListEntriesRequest.fromPartial({ filter });
      for (const refused of [service.listEntries(request, call), service.countEntries(request, call)]) {
        await expect(refused).rejects.toMatchObject({
          code: 'invalid-argument',
          message: expect.stringContaining(sentence),
        });
      }
    });

    test('a token that no page gave out is an internal error, as in SPIRE', async () => {
      const request = ListEntriesRequest.fromPartial({ pageSize: 1, pageToken: 'x' });
      const error = await service.listEntries(request, call).catch((reason: unknown) => reason);
      expect(rpcStatusOf(error)).toMatchObject({
        status: 13,
        description: expect.stringContaining('failed to list entries: datastore-sql: '),
      });
    });
  });

  test('GetAuthorizedEntries gives an agent its entries, masked', async () => {
    await create(wire({ path: '/mine', parent: AGENT.path }), wire({ path: '/other' }));
    const agentCall = await makeAgentCall(AGENT);
    const outputMask = EntryMask.fromPartial({ spiffeId: true });
    const { entries } = await service.getAuthorizedEntries({ outputMask }, agentCall);
    expect(entries).toEqual([
      Entry.fromPartial({ id: entries[0]?.id ?? '', spiffeId: { trustDomain: 'example.org', path: '/mine' } }),
    ]);
  });

  describe('SyncAuthorizedEntries', () => {
    const request = SyncAuthorizedEntriesRequest.fromPartial;
    const fill = (count: number): Promise<unknown> =>
      create(
        ...Array.from({ length: count }, (_, index) =>
          wire({ id: `e${index}`, path: `/${index}`, parent: AGENT.path }),
        ),
      );

    test('sends everything at once when it fits into a page', async () => {
      await fill(3);
      service = open({ syncPageSize: 3 });
      const answers = await collect(service.syncAuthorizedEntries(streamOf(request({})), await makeAgentCall(AGENT)));
      expect(answers).toHaveLength(1);
      expect(answers[0]?.entries.map((entry) => entry.id)).toEqual(['e0', 'e1', 'e2']);
      expect(answers[0]).toMatchObject({ entryRevisions: [], more: false });
    });

    test('otherwise sends revisions by pages and then what is asked for, with the first mask', async () => {
      await fill(7);
      service = open({ syncPageSize: 3 });
      const outputMask = EntryMask.fromPartial({ revisionNumber: true, spiffeId: true });
      const other = EntryMask.fromPartial({ revisionNumber: true, hint: true });
      const requests = streamOf(
        request({ outputMask }),
        request({ ids: ['e6', 'e1', 'absent', 'e1', 'e0', 'e5'], outputMask: other }),
        request({ ids: ['absent'] }),
        request({ ids: ['e2'] }),
      );
      const answers = await collect(service.syncAuthorizedEntries(requests, await makeAgentCall(AGENT)));
      const shape = answers.map(({ entryRevisions, entries, more }) => [
        entryRevisions.map(({ id }) => id).join(),
        entries.map(({ id }) => id).join(),
        more,
      ]);
      expect(shape).toEqual([
        ['e0,e1,e2', '', true],
        ['e3,e4,e5', '', true],
        ['e6', '', false],
        ['', 'e0,e1,e5', true],
        ['', 'e6', false],
        ['', '', false],
        ['', 'e2', false],
      ]);
      expect(answers[3]?.entries[0]?.spiffeId?.path).toBe('/0');
      const createdAt = BigInt(clock.nowMs() / 1000);
      expect(answers[0]?.entryRevisions[0]).toEqual({ id: 'e0', revisionNumber: 0n, createdAt });
    });

    test('gives an agent nothing that is not its own, whatever it asks for', async () => {
      await fill(2);
      await create(wire({ id: 'secret', path: '/secret' }));
      service = open({ syncPageSize: 1 });
      const requests = streamOf(request({}), request({ ids: ['secret'] }));
      const answers = await collect(service.syncAuthorizedEntries(requests, await makeAgentCall(AGENT)));
      expect(answers.at(-1)).toMatchObject({ entries: [], more: false });
    });

    test('never sends a message that Go would refuse', async () => {
      const hint = 'h'.repeat(1000);
      const dnsNames = Array.from({ length: 100 }, (_, index) => `${'d'.repeat(60)}.n${index}`);
      await create(
        ...Array.from({ length: 500 }, (_, index) =>
          wire({ id: `e${index}`, path: `/${index}`, parent: AGENT.path, hint, dnsNames }),
        ),
      );
      const ids = Array.from({ length: 500 }, (_, index) => `e${index}`);
      const requests = streamOf(request({}), request({ ids }));
      const answers = await collect(service.syncAuthorizedEntries(requests, await makeAgentCall(AGENT)));
      for (const { entries } of answers) {
        const size = entries.reduce((sum, entry) => sum + Entry.encode(entry).finish().length, 0);
        expect(size).toBeLessThan(4 * 1024 * 1024);
      }
      expect(answers.flatMap(({ entries }) => entries)).toHaveLength(500);
      expect(answers.map(({ more }) => more)).toEqual([false, ...answers.slice(1, -1).map(() => true), false]);
    });

    test.each([
      [{ ids: ['x'] }, 'specifying IDs on initial request is not supported'],
      [{ outputMask: EntryMask.fromPartial({ hint: true }) }, 'revision number cannot be masked'],
    ])('refuses the first request %j', async (fields, sentence) => {
      const stream = service.syncAuthorizedEntries(streamOf(request(fields)), await makeAgentCall(AGENT));
      await expect(collect(stream)).rejects.toMatchObject({ code: 'invalid-argument', message: sentence });
    });

    test('a stream without a request ends as at a real server', async () => {
      const stream = service.syncAuthorizedEntries(streamOf(), await makeAgentCall(AGENT));
      await expect(collect(stream)).rejects.toMatchObject({ status: 2, description: 'EOF' });
    });

    test('an entry deleted and made again under its id is seen as another one', async () => {
      await store.entries.createEntry(makeEntry({ id: 'e', parent: AGENT.path }));
      await store.entries.deleteEntry('e');
      clock.advance(5000);
      await store.entries.createEntry(makeEntry({ id: 'e', parent: AGENT.path, hint: 'new' }));
      await create(wire({ path: '/x', parent: AGENT.path }));
      service = open({ syncPageSize: 1 });
      const [first] = await collect(service.syncAuthorizedEntries(streamOf(request({})), await makeAgentCall(AGENT)));
      expect(first?.entryRevisions[0]?.createdAt).toBe(BigInt(clock.nowMs() / 1000));
    });
  });
});
