import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Certificate } from '../../../../src/lib/crypto/certificate.ts';
import { silentLogger } from '../../../../src/lib/runtime/logger.ts';
import { AgentAuthorizer } from '../../../../src/lib/server/authorization/agent-authorizer.ts';
import { RecentNodes } from '../../../../src/lib/server/authorization/recent-nodes.ts';
import type { ChangeEvents, ChangeListener } from '../../../../src/lib/server/datastore/change-events.ts';
import type { DataStore } from '../../../../src/lib/server/datastore/datastore.ts';
import { openSqliteDataStore } from '../../../../src/lib/server/datastore/sqlite/open-sqlite-data-store.ts';
import { PermissionDeniedDetails_Reason as Reason } from '../../../../src/lib/wire/gen/spire/api/types/status.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { issueSvid } from '../api/svids.ts';
import { makeNode } from '../datastore/samples.ts';

/** Changes of another server, of which this one hears nothing. */
const UNHEARD: ChangeEvents = { subscribe: () => () => undefined };

describe('agents whose records are believed for a while', () => {
  const node = makeNode({ serialNumber: '1', expiresAtSeconds: 100 });
  const granted = { isGranted: true };
  const banned = { isGranted: false, reason: Reason.AGENT_BANNED };
  let clock: ManualClock;
  let store: DataStore;
  let looks: number;

  beforeEach(async () => {
    clock = new ManualClock();
    looks = 0;
    store = await openSqliteDataStore({ path: ':memory:', clock });
    await store.nodes.saveNode(node);
  });
  afterEach(() => store[Symbol.asyncDispose]());

  const authorizerWith = (changes: ChangeEvents, nodes: Partial<DataStore['nodes']> = {}) => {
    const recent = new RecentNodes({ maxAgeMs: 5_000, changes, clock });
    const authorizer = new AgentAuthorizer({
      nodes: {
        findNode: async (id) => {
          looks++;
          return (nodes.findNode ?? ((wanted) => store.nodes.findNode(wanted)))(id);
        },
        updateNode: (id, update) => store.nodes.updateNode(id, update),
      },
      clock,
      recent,
    });
    return async (serialNumber = 1n) => {
      const svid = Certificate.parse(await issueSvid({ uris: [node.spiffeId.toString()], serialNumber }));
      return authorizer.authorize(node.spiffeId, svid, silentLogger);
    };
  };

  const ban = () => store.nodes.updateNode(node.spiffeId, { serialNumber: '', newSerialNumber: '' });

  test('are looked up once in that time', async () => {
    const authorize = authorizerWith(store.changes);
    expect([await authorize(), await authorize()]).toEqual([granted, granted]);
    expect(looks).toBe(1);
    clock.advance(5_000);
    expect(await authorize()).toEqual(granted);
    expect(looks).toBe(2);
  });

  test('are refused at once when this server bans or evicts them', async () => {
    const authorize = authorizerWith(store.changes);
    expect(await authorize()).toEqual(granted);
    await ban();
    expect(await authorize()).toEqual(banned);
    await store.nodes.deleteNode(node.spiffeId);
    expect(await authorize()).toEqual({ isGranted: false, reason: Reason.AGENT_NOT_ATTESTED });
  });

  test('are refused when the time is over, where another server banned them', async () => {
    const authorize = authorizerWith(UNHEARD);
    expect(await authorize()).toEqual(granted);
    await ban();
    clock.advance(4_999);
    expect(await authorize()).toEqual(granted);
    clock.advance(1);
    expect(await authorize()).toEqual(banned);
  });

  test('are looked up again when anything may have changed', async () => {
    let tell: ChangeListener = () => {};
    const authorize = authorizerWith({
      subscribe: (listener) => {
        tell = listener;
        return () => undefined;
      },
    });
    expect(await authorize()).toEqual(granted);
    await ban();
    tell({ kind: 'all' });
    expect(await authorize()).toEqual(banned);
  });

  test('are never refused by what is remembered: with another SVID the datastore is asked', async () => {
    const authorize = authorizerWith(UNHEARD);
    expect(await authorize()).toEqual(granted);
    await store.nodes.saveNode({ ...node, serialNumber: '2' });
    expect(await authorize(2n)).toEqual(granted);
    expect(await authorize(3n)).toMatchObject({ isGranted: false });
  });

  test('are not believed by a record that is older than a ban: the look began before it', async () => {
    const answer = Promise.withResolvers<void>();
    const authorize = authorizerWith(store.changes, {
      findNode: async (id) => {
        const found = await store.nodes.findNode(id);
        await answer.promise;
        return found;
      },
    });
    const first = authorize();
    await expect.poll(() => looks).toBe(1);
    await ban();
    answer.resolve();
    expect(await first).toEqual(granted);
    expect(await authorize()).toEqual(banned);
  });
});
