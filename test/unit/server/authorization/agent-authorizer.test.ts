import { renameSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Certificate } from '../../../../src/lib/crypto/certificate.ts';
import { silentLogger } from '../../../../src/lib/runtime/logger.ts';
import { AgentAuthorizer, type AgentVerdict } from '../../../../src/lib/server/authorization/agent-authorizer.ts';
import type { DataStore } from '../../../../src/lib/server/datastore/datastore.ts';
import { openSqliteDataStore } from '../../../../src/lib/server/datastore/sqlite/open-sqlite-data-store.ts';
import { PermissionDeniedDetails_Reason as Reason } from '../../../../src/lib/wire/gen/spire/api/types/status.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { issueSvid } from '../api/svids.ts';
import { makeNode } from '../datastore/samples.ts';
import { TemporaryFolder } from '../datastore/temporary-folder.ts';

describe('AgentAuthorizer', () => {
  const node = makeNode({ serialNumber: '1', expiresAtSeconds: 100, newSerialNumber: '2', newExpiresAtSeconds: 200 });
  const granted = { isGranted: true };
  let store: DataStore;
  let authorize: (serialNumber: bigint) => Promise<AgentVerdict>;

  beforeEach(async () => {
    const clock = new ManualClock();
    store = await openSqliteDataStore({ path: ':memory:', clock });
    const authorizer = new AgentAuthorizer({ nodes: store.nodes, clock });
    authorize = async (serialNumber) => {
      const svid = Certificate.parse(await issueSvid({ uris: [node.spiffeId.toString()], serialNumber }));
      return authorizer.authorize(node.spiffeId, svid, silentLogger);
    };
    await store.nodes.saveNode(node);
  });
  afterEach(() => store[Symbol.asyncDispose]());

  test('after a renewal the old SVID stays good until the new one is used', async () => {
    expect(await authorize(1n)).toEqual(granted);
    expect(await authorize(2n)).toEqual(granted);
    expect(await authorize(1n)).toEqual({ isGranted: false, reason: Reason.AGENT_NOT_ACTIVE });
    expect(await authorize(2n)).toEqual(granted);
    expect(await store.nodes.findNode(node.spiffeId)).toEqual({
      ...node,
      serialNumber: '2',
      expiresAtSeconds: 200,
      newSerialNumber: '',
      newExpiresAtSeconds: 0,
    });
  });

  test('the first uses of a new SVID at the same time are all granted', async () => {
    const verdicts = await Promise.all(Array.from({ length: 20 }, () => authorize(2n)));
    expect(verdicts).toEqual(Array.from({ length: 20 }, () => granted));
  });

  test('F18: a new SVID is good while its first use cannot be stored, and so is the old one', async () => {
    await using folder = await TemporaryFolder.make();
    const clock = new ManualClock();
    await using file = await openSqliteDataStore({ path: folder.file('datastore.sqlite3'), clock });
    await file.nodes.saveNode(node);
    const authorizer = new AgentAuthorizer({ nodes: file.nodes, clock });
    const authorizeWith = async (serialNumber: bigint): Promise<AgentVerdict> => {
      const svid = Certificate.parse(await issueSvid({ uris: [node.spiffeId.toString()], serialNumber }));
      return authorizer.authorize(node.spiffeId, svid, silentLogger);
    };
    renameSync(folder.file('datastore.sqlite3'), folder.file('aside'));
    expect(await authorizeWith(2n)).toEqual(granted);
    expect(await authorizeWith(1n)).toEqual(granted);
    renameSync(folder.file('aside'), folder.file('datastore.sqlite3'));
    expect(await authorizeWith(2n)).toEqual(granted);
    expect(await authorizeWith(1n)).toEqual({ isGranted: false, reason: Reason.AGENT_NOT_ACTIVE });
  });

  test('a ban between look-up and first use is not undone', async () => {
    const ban = store.nodes.updateNode(node.spiffeId, { serialNumber: '', newSerialNumber: '' });
    const [, verdict] = await Promise.all([ban, authorize(2n)]);
    expect(verdict).toEqual({ isGranted: false, reason: Reason.AGENT_BANNED });
    expect((await store.nodes.findNode(node.spiffeId))?.serialNumber).toBe('');
  });

  test('an eviction or another renewal between look-up and first use decides', async () => {
    const slow = (change: () => Promise<unknown>): Promise<AgentVerdict> => {
      const nodes: typeof store.nodes = Object.create(store.nodes, {
        findNode: {
          value: async (id: typeof node.spiffeId) => {
            const found = await store.nodes.findNode(id);
            await change();
            return found;
          },
        },
        updateNode: { value: store.nodes.updateNode.bind(store.nodes) },
      });
      const authorizer = new AgentAuthorizer({ nodes, clock: new ManualClock() });
      return issueSvid({ uris: [node.spiffeId.toString()], serialNumber: 2n }).then((der) =>
        authorizer.authorize(node.spiffeId, Certificate.parse(der), silentLogger),
      );
    };
    expect(await slow(() => store.nodes.updateNode(node.spiffeId, { newSerialNumber: '3' }))).toEqual({
      isGranted: false,
      reason: Reason.AGENT_NOT_ACTIVE,
    });
    await store.nodes.saveNode(node);
    expect(await slow(() => store.nodes.deleteNode(node.spiffeId))).toEqual({
      isGranted: false,
      reason: Reason.AGENT_NOT_ATTESTED,
    });
  });
});
