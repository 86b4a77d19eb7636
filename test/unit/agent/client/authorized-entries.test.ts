import { describe, expect, test } from 'vitest';
import { type AuthorizedEntries, fetchAuthorizedEntries } from '../../../../src/lib/agent/client/authorized-entries.ts';
import { RpcClient } from '../../../../src/lib/rpc/client.ts';
import { RpcServer, type ServiceImplementation } from '../../../../src/lib/rpc/server.ts';
import {
  EntryDefinition,
  type SyncAuthorizedEntriesRequest,
  type SyncAuthorizedEntriesResponse,
} from '../../../../src/lib/wire/gen/spire/api/server/entry/v1/entry.ts';
import { Entry } from '../../../../src/lib/wire/gen/spire/api/types/entry.ts';
import { MemoryLog, TestFolder } from '../support.ts';

function wireEntry(id: string, fields: Partial<Entry> = {}): Entry {
  return Entry.create({
    id,
    spiffeId: { trustDomain: 'example.org', path: `/${id}` },
    selectors: [{ type: 'unix', value: 'uid:0' }],
    createdAt: 1n,
    ...fields,
  });
}

function revisions(...entries: readonly Entry[]): SyncAuthorizedEntriesResponse['entryRevisions'] {
  return entries.map(({ id, revisionNumber, createdAt }) => ({ id, revisionNumber, createdAt }));
}

/** What a server does, and the agent's end of it. */
async function exchange(
  implementation: ServiceImplementation<typeof EntryDefinition>,
  options: {
    readonly known?: AuthorizedEntries;
    readonly useSync?: boolean;
    readonly log?: MemoryLog;
    readonly signal?: AbortSignal;
  } = {},
): Promise<AuthorizedEntries> {
  using folder = new TestFolder();
  await using server = new RpcServer();
  server.addService(EntryDefinition, implementation);
  await server.listenUnix({ path: folder.file('s'), socketMode: 0o600 });
  await using client = new RpcClient({ kind: 'unix', path: folder.file('s') });
  return await fetchAuthorizedEntries(client, {
    known: options.known ?? new Map(),
    useSync: options.useSync ?? true,
    signal: options.signal ?? new AbortController().signal,
    timeoutMs: 30_000,
    log: options.log ?? new MemoryLog(),
  });
}

/** Answers the first request with pages of revisions, later ones with the entries asked for. */
function paging(
  entries: readonly Entry[],
  pageSize: number,
  asked: string[][] = [],
): ServiceImplementation<typeof EntryDefinition> {
  return {
    async *syncAuthorizedEntries(requests: AsyncIterable<SyncAuthorizedEntriesRequest>) {
      let isFirst = true;
      for await (const { ids } of requests) {
        if (!isFirst) {
          asked.push(ids);
          yield { entryRevisions: [], entries: entries.filter(({ id }) => ids.includes(id)), more: false };
          continue;
        }
        isFirst = false;
        for (let start = 0; start < entries.length; start += pageSize) {
          const more = start + pageSize < entries.length;
          yield { entryRevisions: revisions(...entries.slice(start, start + pageSize)), entries: [], more };
        }
      }
    },
  };
}

describe('the synchronisation of entries', () => {
  test('takes all of them when they come at once', async () => {
    const entries = await exchange({
      async *syncAuthorizedEntries() {
        yield { entryRevisions: [], entries: [wireEntry('a'), wireEntry('b')], more: false };
      },
    });
    expect([...entries.keys()]).toEqual(['a', 'b']);
  });

  test('asks for the entries it does not know, a page at a time', async () => {
    const asked: string[][] = [];
    const wire = ['e', 'd', 'c', 'b', 'a'].map((id) => wireEntry(id));
    const entries = await exchange(paging(wire, 2, asked));
    expect([...entries.keys()].sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(asked).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
  });

  test('keeps what it knows in the same revision, and drops what is gone', async () => {
    const known = await exchange(
      paging(
        ['a', 'b', 'gone'].map((id) => wireEntry(id)),
        1,
      ),
    );
    const asked: string[][] = [];
    const next = await exchange(paging([wireEntry('a'), wireEntry('b', { revisionNumber: 1n })], 10, asked), { known });
    expect(asked).toEqual([['b']]);
    expect(next.get('a')).toBe(known.get('a'));
    expect(next.get('b')).not.toBe(known.get('b'));
    expect(next.has('gone')).toBe(false);
  });

  test('takes an entry that was made again under the same id for another one', async () => {
    const known = await exchange(paging([wireEntry('a'), wireEntry('b')], 1));
    const asked: string[][] = [];
    await exchange(paging([wireEntry('a', { createdAt: 2n }), wireEntry('b')], 10, asked), { known });
    expect(asked).toEqual([['a']]);
  });

  test('does without the time of creation where a server does not tell it', async () => {
    const known = await exchange(paging([wireEntry('a'), wireEntry('b')], 1));
    const asked: string[][] = [];
    const silent = ['a', 'b'].map((id) => wireEntry(id, { createdAt: 0n }));
    expect((await exchange(paging(silent, 10, asked), { known })).get('a')).toBe(known.get('a'));
    expect(asked).toEqual([]);
  });

  test('gathers entries that come on several pages', async () => {
    const entries = await exchange({
      async *syncAuthorizedEntries(requests) {
        let isFirst = true;
        for await (const _ of requests) {
          if (isFirst) yield { entryRevisions: revisions(wireEntry('a'), wireEntry('b')), entries: [], more: false };
          else {
            yield { entryRevisions: [], entries: [wireEntry('a')], more: true };
            yield { entryRevisions: [], entries: [wireEntry('b')], more: false };
          }
          isFirst = false;
        }
      },
    });
    expect(entries.size).toBe(2);
  });

  test.each([
    ['without an id', { id: '' }],
    ['without a SPIFFE ID', { spiffeId: undefined }],
    ['with a bad SPIFFE ID', { spiffeId: { trustDomain: 'example.org', path: 'no-slash' } }],
    ['without selectors', { selectors: [] }],
    ['with an empty selector', { selectors: [{ type: 'unix', value: '' }] }],
    ['with a bad trust domain', { federatesWith: ['Not A Domain'] }],
  ])('leaves out an entry %s, with a warning', async (_, fields) => {
    const log = new MemoryLog();
    const entries = await exchange(
      {
        async *syncAuthorizedEntries() {
          yield { entryRevisions: [], entries: [wireEntry('bad', fields), wireEntry('good')], more: false };
        },
      },
      { log },
    );
    expect([...entries.keys()]).toEqual(['good']);
    expect(log.lines).toEqual([expect.objectContaining({ level: 'warn' })]);
  });

  test('falls back to the older call when the server does not know this one', async () => {
    const entries = await exchange({ getAuthorizedEntries: async () => ({ entries: [wireEntry('a')] }) });
    expect([...entries.keys()]).toEqual(['a']);
  });

  test('uses only the older call where the configuration says so', async () => {
    const entries = await exchange(
      { ...paging([wireEntry('new')], 1), getAuthorizedEntries: async () => ({ entries: [wireEntry('old')] }) },
      { useSync: false },
    );
    expect([...entries.keys()]).toEqual(['old']);
  });

  test.each([
    ['ends too early', []],
    [
      'mixes entries into revisions',
      [{ entryRevisions: revisions(wireEntry('a')), entries: [wireEntry('b')], more: false }],
    ],
  ])('fails as a whole when the server %s', async (_, responses) => {
    const failing = exchange({
      async *syncAuthorizedEntries() {
        yield* responses;
      },
    });
    await expect(failing).rejects.toThrow(/^failed to fetch authorized entries: /);
  });

  test('logs what went wrong, but not that the agent itself broke the call off', async () => {
    const broken = new MemoryLog();
    await expect(exchange({}, { log: broken })).rejects.toThrow();
    expect(broken.lines).toMatchObject([{ level: 'error', message: 'Failed to fetch authorized entries' }]);

    const stopping = new AbortController();
    const log = new MemoryLog();
    const failing = exchange(
      {
        async *syncAuthorizedEntries(_, { signal }) {
          stopping.abort();
          await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
          yield* [];
        },
      },
      { log, signal: stopping.signal },
    );
    await expect(failing).rejects.toThrow();
    expect(log.lines).toEqual([]);
  });
});
