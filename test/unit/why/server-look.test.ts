import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { RpcClient } from '../../../src/lib/rpc/client.ts';
import { RpcServer, type ServiceImplementation } from '../../../src/lib/rpc/server.ts';
import { RpcCode, RpcError } from '../../../src/lib/rpc/status.ts';
import { ServerLook } from '../../../src/lib/why/server-look.ts';
import { AgentDefinition } from '../../../src/lib/wire/gen/spire/api/server/agent/v1/agent.ts';
import { BundleDefinition } from '../../../src/lib/wire/gen/spire/api/server/bundle/v1/bundle.ts';
import { EntryDefinition } from '../../../src/lib/wire/gen/spire/api/server/entry/v1/entry.ts';
import { Agent } from '../../../src/lib/wire/gen/spire/api/types/agent.ts';
import { Bundle } from '../../../src/lib/wire/gen/spire/api/types/bundle.ts';
import { Entry } from '../../../src/lib/wire/gen/spire/api/types/entry.ts';

const folder = mkdtempSync(join(tmpdir(), 'why-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type ListEntries = NonNullable<ServiceImplementation<typeof EntryDefinition>['listEntries']>;
const CALL = { signal: new AbortController().signal, timeoutMs: 30_000 };

/** What is told by a server that lists entries like this. */
async function lookAt(listEntries: ListEntries, agentId?: string): Promise<Awaited<ReturnType<ServerLook['look']>>> {
  const path = join(folder, 's.sock');
  const server = new RpcServer();
  server.addService(EntryDefinition, { listEntries });
  server.addService(BundleDefinition, { getBundle: async () => Bundle.create({ trustDomain: 'example.org' }) });
  server.addService(AgentDefinition, {
    listAgents: async () => ({ agents: [Agent.create()], nextPageToken: '' }),
    getAgent: async () => {
      throw new RpcError(RpcCode.notFound, 'agent not found');
    },
  });
  await server.listenUnix({ path, socketMode: 0o600 });
  try {
    await using rpc = new RpcClient({ kind: 'unix', path });
    return await new ServerLook(rpc, path, CALL).look(Promise.resolve(agentId));
  } finally {
    await server.stop();
  }
}

describe('a look at a server', () => {
  it('takes all pages', async () => {
    const facts = await lookAt(async ({ pageToken }) => ({
      entries: [Entry.create({ id: `of ${pageToken}` })],
      nextPageToken: pageToken === 'aa' ? '' : `${pageToken}a`,
    }));
    expect(facts).toMatchObject({ kind: 'told', trustDomain: 'example.org', isCutShort: false });
    expect(facts.kind === 'told' ? facts.entries.map(({ id }) => id) : []).toEqual(['of ', 'of a', 'of aa']);
  });

  it('ends, also where the server sends empty pages for ever', async () => {
    let pages = 0;
    const facts = await lookAt(async () => {
      pages += 1;
      return { entries: [], nextPageToken: `${pages}` };
    });
    expect(facts).toMatchObject({ kind: 'told', isCutShort: true });
    expect(pages).toBeLessThan(10_000);
  });

  it('holds only so much of what a server sends', async () => {
    const selectors = [{ type: 'unix', value: 'x'.repeat(1_000_000) }];
    const entries = Array.from({ length: 20 }, () => Entry.create({ selectors }));
    const facts = await lookAt(async ({ pageToken }) => ({ entries, nextPageToken: `${pageToken}a` }));
    expect(facts).toMatchObject({ kind: 'told', isCutShort: true });
    expect(facts.kind === 'told' ? facts.entries.length : 0).toBeLessThan(300);
  });

  it('knows an agent that the server does not from one that was not asked for', async () => {
    const none: ListEntries = async () => ({ entries: [], nextPageToken: '' });
    expect(await lookAt(none, 'spiffe://example.org/spire/agent/x')).toMatchObject({ agents: [] });
    expect(await lookAt(none, 'no ID at all')).toMatchObject({ agents: [] });
    expect(await lookAt(none)).toMatchObject({ agents: [{ id: '(none)' }] });
  });

  it('tells a refusal from a server that is not there', async () => {
    const refused = await lookAt(async () => {
      throw new RpcError(RpcCode.permissionDenied, 'not you');
    });
    expect(refused).toMatchObject({ kind: 'refused', description: 'not you' });
    await using rpc = new RpcClient({ kind: 'unix', path: join(folder, 'absent.sock') });
    const absent = await new ServerLook(rpc, 'absent', CALL).look(Promise.resolve(undefined));
    expect(absent).toMatchObject({ kind: 'unreachable', description: 'cannot connect: no such file or directory' });
  });
});
