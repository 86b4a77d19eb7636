import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CallContext, Peer } from '../../../../src/lib/rpc/call-context.ts';
import { RpcClient } from '../../../../src/lib/rpc/client.ts';
import { RpcServer } from '../../../../src/lib/rpc/server.ts';
import type { ServiceDefinition } from '../../../../src/lib/rpc/service.ts';
import { RpcError } from '../../../../src/lib/rpc/status.ts';
import { silentLogger } from '../../../../src/lib/runtime/logger.ts';
import { AgentAuthorizer } from '../../../../src/lib/server/authorization/agent-authorizer.ts';
import { authorizeCalls } from '../../../../src/lib/server/authorization/authorize-calls.ts';
import { getAuthorizedCaller, getCallerId } from '../../../../src/lib/server/authorization/caller.ts';
import { RpcPolicy } from '../../../../src/lib/server/authorization/rpc-policy.ts';
import { AuthorizedEntryCache } from '../../../../src/lib/server/cache/authorized-entry-cache.ts';
import type { DataStore } from '../../../../src/lib/server/datastore/datastore.ts';
import { openSqliteDataStore } from '../../../../src/lib/server/datastore/sqlite/open-sqlite-data-store.ts';
import { SpiffeId } from '../../../../src/lib/spiffe/spiffe-id.ts';
import { findPermissionDeniedReason } from '../../../../src/lib/wire/convert/status.ts';
import { Empty } from '../../../../src/lib/wire/gen/google/protobuf/empty.ts';
import { PermissionDeniedDetails_Reason as Reason } from '../../../../src/lib/wire/gen/spire/api/types/status.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { LOCAL_PEER, makeCall, tlsPeer } from '../api/calls.ts';
import { issueSvid } from '../api/svids.ts';
import { idOf, makeEntry, makeNode } from '../datastore/samples.ts';
import { TemporaryFolder } from '../datastore/temporary-folder.ts';

/** Who may call what, as SPIRE has it: written down apart from the table in the code. */
const EXPECTED = new Map(
  readFileSync(new URL('../../../data/server-rpc-callers.tsv', import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split('\t'))
    .map(([method = '', callers = '']) => [method, callers.split(',')] as const),
);

const clock = new ManualClock();
const LATER_MS = clock.nowMs() + 3_600_000;
const FOREIGN_ADMIN = 'spiffe://far.org/admin';

let store: DataStore;
let cache: AuthorizedEntryCache;
let authorize: ReturnType<typeof authorizeCalls>;
const peers = new Map<string, Peer>();

beforeAll(async () => {
  store = await openSqliteDataStore({ path: ':memory:', clock });
  cache = await AuthorizedEntryCache.open({ ...store, clock });
  authorize = authorizeCalls({
    policy: RpcPolicy.standard,
    entries: cache,
    agents: new AgentAuthorizer({ nodes: store.nodes, clock }),
    adminIds: [SpiffeId.parse(FOREIGN_ADMIN)],
    clock,
    log: silentLogger,
  });
  const present = async (name: string, uri: string, serialNumber = 1n, notAfterMs = LATER_MS): Promise<void> => {
    peers.set(name, tlsPeer(await issueSvid({ uris: [uri], serialNumber, notAfterMs })));
  };
  for (const [name, fields] of Object.entries({
    agent: {},
    banned: { serialNumber: '' },
    outdated: { serialNumber: '2' },
    expired: {},
    'admin agent': {},
  })) {
    await store.nodes.saveNode(makeNode({ path: agentPath(name), serialNumber: '1', ...fields }));
    await present(name, idOf(agentPath(name)).toString(), 1n, name === 'expired' ? clock.nowMs() - 1 : LATER_MS);
  }
  await present('evicted', idOf(agentPath('evicted')).toString());
  await store.entries.createEntry(makeEntry({ path: '/admin', admin: true }));
  await store.entries.createEntry(makeEntry({ path: agentPath('admin agent'), admin: true }));
  await store.entries.createEntry(makeEntry({ path: '/downstream', downstream: true }));
  await store.entries.createEntry(makeEntry({ path: '/expired-admin', admin: true, expiresAtSeconds: 1 }));
  await store.entries.createEntry(makeEntry({ path: '/workload' }));
  for (const name of ['admin', 'downstream', 'expired-admin', 'workload']) {
    await present(name, idOf(`/${name}`).toString());
  }
  await present('admin with an expired certificate', idOf('/admin').toString(), 1n, clock.nowMs() - 1);
  await present('foreign admin', FOREIGN_ADMIN);
  await present('foreign workload', 'spiffe://far.org/admin2');
  peers.set('local', LOCAL_PEER);
  peers.set('nobody', tlsPeer());
});
afterAll(async () => {
  cache[Symbol.dispose]();
  await store[Symbol.asyncDispose]();
});

function agentPath(name: string): string {
  return `/spire/agent/x509pop/${name.replace(' ', '-')}`;
}

/** Each kind of caller, what it may act as, and the reason an agent RPC refuses it with. */
const CALLERS: readonly (readonly [name: string, roles: readonly string[], refusal?: Reason])[] = [
  ['nobody', ['any']],
  ['local', ['any', 'local']],
  ['agent', ['any', 'agent']],
  ['banned', ['any'], Reason.AGENT_BANNED],
  ['evicted', ['any'], Reason.AGENT_NOT_ATTESTED],
  ['outdated', ['any'], Reason.AGENT_NOT_ACTIVE],
  ['expired', ['any'], Reason.AGENT_EXPIRED],
  ['admin', ['any', 'admin'], Reason.AGENT_NOT_ATTESTED],
  ['admin agent', ['any', 'admin', 'agent']],
  ['admin with an expired certificate', ['any'], Reason.AGENT_EXPIRED],
  ['expired-admin', ['any'], Reason.AGENT_NOT_ATTESTED],
  ['foreign admin', ['any', 'admin'], Reason.AGENT_NOT_ATTESTED],
  ['foreign workload', ['any'], Reason.AGENT_NOT_ATTESTED],
  ['downstream', ['any', 'downstream'], Reason.AGENT_NOT_ATTESTED],
  ['workload', ['any'], Reason.AGENT_NOT_ATTESTED],
];

async function attempt(method: string, peer: Peer): Promise<{ call: CallContext; isServed: boolean; error: unknown }> {
  const call = makeCall({ method, peer });
  let isServed = false;
  const error = await authorize(call, async () => {
    isServed = true;
  }).catch((reason: unknown) => reason);
  return { call, isServed, error };
}

describe('authorizeCalls', () => {
  test('knows the same methods and callers as SPIRE, and beside them only our extension and the retired API', () => {
    for (const [method, callers] of EXPECTED)
      expect([...RpcPolicy.standard.ruleOf(method).roles].sort(), method).toEqual(callers);
    const own = RpcPolicy.standard.methods.filter((method) => !EXPECTED.has(method));
    const unexpected = own.filter((method) => !method.startsWith('/spire.api.registration.Registration/'));
    expect(unexpected.map((method) => [method, ...RpcPolicy.standard.ruleOf(method).roles])).toEqual([
      ['/spirekit.api.server.federation.v1.Federation/ListBundleStatus', 'admin', 'local'],
      ['/spirekit.api.server.sync.v1.Sync/Watch', 'agent'],
    ]);
  });

  for (const [name, roles, refusal] of CALLERS) {
    test(`lets ${name} call what it may and nothing else`, async () => {
      const peer = peers.get(name) ?? LOCAL_PEER;
      for (const [method, callers] of EXPECTED) {
        const { isServed, error } = await attempt(method, peer);
        const isAllowed = callers.some((role) => roles.includes(role));
        expect(isServed, method).toBe(isAllowed);
        if (isAllowed) {
          expect(error, method).toBeUndefined();
          continue;
        }
        expect(error, method).toMatchObject({
          code: 'permission-denied',
          description: `authorization denied for method ${method}`,
        });
        const details = error instanceof RpcError ? error.statusDetails : undefined;
        const reason = details && findPermissionDeniedReason(details);
        const isToldWhy = callers.includes('agent') && refusal !== undefined;
        expect(reason, method).toBe(isToldWhy ? refusal : undefined);
      }
    });
  }

  test('denies what is not listed to everybody', async () => {
    const methods = ['/spire.api.server.entry.v1.Entry/NewMethod', '/other.Service/Method', '/', '', 'constructor'];
    for (const method of methods) {
      for (const peer of peers.values()) {
        const { isServed, error } = await attempt(method, peer);
        expect(isServed).toBe(false);
        expect(error).toMatchObject({ code: 'permission-denied' });
      }
    }
  });

  test('refuses certificates that do not name exactly one SPIFFE ID, also where anybody may call', async () => {
    const method = '/spire.api.server.bundle.v1.Bundle/GetBundle';
    for (const [uris, sentence] of [
      [[], 'client certificate has no URI SAN'],
      [['spiffe://example.org/a', 'spiffe://example.org/b'], 'client certificate has more than one URI SAN'],
      [['https://example.org/a'], 'client certificate has a malformed URI SAN: scheme is missing or invalid'],
    ] as const) {
      const { isServed, error } = await attempt(method, tlsPeer(await issueSvid({ uris })));
      expect(isServed).toBe(false);
      expect(error).toMatchObject({ code: 'unauthenticated', description: sentence });
    }
  });

  test('tells the handler who calls and as what', async () => {
    const served = async (name: string, method: string): Promise<CallContext> =>
      (await attempt(method, peers.get(name) ?? LOCAL_PEER)).call;
    const agentCall = await served('agent', '/spire.api.server.entry.v1.Entry/GetAuthorizedEntries');
    expect(getCallerId(agentCall).path).toBe(agentPath('agent'));
    expect(getAuthorizedCaller(agentCall)).toMatchObject({ role: 'agent', downstreamEntries: [] });
    const downstreamCall = await served('downstream', '/spire.api.server.svid.v1.SVID/NewDownstreamX509CA');
    const { role, downstreamEntries } = getAuthorizedCaller(downstreamCall);
    expect(role).toBe('downstream');
    expect(downstreamEntries.map((entry) => entry.spiffeId.path)).toEqual(['/downstream']);
    const localCall = await served('local', '/spire.api.server.entry.v1.Entry/CountEntries');
    expect(getAuthorizedCaller(localCall)).toMatchObject({ caller: { kind: 'local' }, role: 'local' });
    expect(() => getCallerId(localCall)).toThrow('caller ID missing from request context');
    expect(() => getAuthorizedCaller(makeCall())).toThrow('caller missing from request context');
  });

  test('an admin or downstream entry counts from the moment it is there and no longer than it is', async () => {
    const method = '/spire.api.server.entry.v1.Entry/CountEntries';
    const peer = tlsPeer(await issueSvid({ uris: [idOf('/promoted').toString()], notAfterMs: LATER_MS }));
    expect((await attempt(method, peer)).isServed).toBe(false);
    const { entry } = await store.entries.createEntry(makeEntry({ path: '/promoted', admin: true }));
    expect((await attempt(method, peer)).isServed).toBe(true);
    await store.entries.updateEntry({ ...entry, admin: false }, new Set(['admin']));
    expect((await attempt(method, peer)).isServed).toBe(false);
  });

  test('an RPC that somebody adds to the server without listing it is denied', async () => {
    const planted = {
      fullName: 'test.Planted',
      methods: {
        do: { name: 'Do', requestType: Empty, requestStream: false, responseType: Empty, responseStream: false },
      },
    } as const satisfies ServiceDefinition;
    await using folder = await TemporaryFolder.make();
    await using server = new RpcServer();
    let isServed = false;
    server.use(authorize);
    server.addService(planted, {
      do: async () => {
        isServed = true;
        return {};
      },
    });
    const path = folder.file('api.sock');
    await server.listenUnix({ path, socketMode: 0o600 });
    await using client = new RpcClient({ kind: 'unix', path });
    await expect(client.unary(planted, 'do', {})).rejects.toMatchObject({
      code: 'permission-denied',
      description: 'authorization denied for method /test.Planted/Do',
    });
    expect(isServed).toBe(false);
  });
});
