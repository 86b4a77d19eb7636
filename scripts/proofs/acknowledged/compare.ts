import { agentClient } from '../../../src/lib/client/agent-client.ts';
import { bundleClient } from '../../../src/lib/client/bundle-client.ts';
import { entryClient } from '../../../src/lib/client/entry-client.ts';
import { localAuthorityClient } from '../../../src/lib/client/local-authority-client.ts';
import { RpcClient } from '../../../src/lib/rpc/client.ts';
import { ListAgentsRequest } from '../../../src/lib/wire/gen/spire/api/server/agent/v1/agent.ts';
import { ListEntriesRequest } from '../../../src/lib/wire/gen/spire/api/server/entry/v1/entry.ts';
import type { Ledger } from './ledger.ts';

/** Holds a server against what was acknowledged, and complains of every difference. The load must be at rest. */
export async function compareWithLedger(socketPath: string, ledger: Ledger): Promise<void> {
  await using rpc = new RpcClient({ kind: 'unix', path: socketPath });
  await compareContents(rpc, ledger);
  await compareAuthorities(rpc, ledger);
}

/** The same, without the authorities that each server has of its own. */
export async function compareContents(rpc: RpcClient, ledger: Ledger): Promise<void> {
  const entries = await listEntries(rpc);
  for (const [id, path] of ledger.entries) {
    if (entries.get(id) !== path) ledger.complain(`entry ${id} (${path}) is ${entries.get(id) ?? 'not there'}`);
  }
  for (const id of ledger.deletedEntries) {
    if (entries.has(id)) ledger.complain(`entry ${id} is there, though deleted`);
  }
  const agents = await listAgents(rpc);
  for (const [path, state] of ledger.agents) {
    const found = agents.get(path) ?? 'evicted';
    if (found !== state) ledger.complain(`agent ${path} is ${found}, not ${state}`);
  }
  await compareRoots(rpc, ledger);
}

/** Every root ever shown is still there; new ones are remembered. */
async function compareRoots(rpc: RpcClient, ledger: Ledger): Promise<void> {
  const { x509Authorities } = await bundleClient(rpc).getBundle({ outputMask: undefined });
  const roots = x509Authorities.map(({ asn1 }) => Buffer.from(asn1).toString('hex'));
  for (const root of ledger.roots) if (!roots.includes(root)) ledger.complain('a root left the bundle');
  for (const root of roots) ledger.roots.add(root);
}

async function compareAuthorities(rpc: RpcClient, ledger: Ledger): Promise<void> {
  const { active, prepared } = await localAuthorityClient(rpc).getX509AuthorityState({});
  const { activeAuthority, preparedAuthority } = ledger;
  if (activeAuthority !== undefined && active?.authorityId !== activeAuthority) {
    ledger.complain(`the active authority is ${active?.authorityId}, not ${activeAuthority}`);
  }
  if (preparedAuthority !== undefined && prepared?.authorityId !== preparedAuthority) {
    ledger.complain(`the prepared authority is ${prepared?.authorityId}, not ${preparedAuthority}`);
  }
  ledger.activeAuthority = active?.authorityId;
  ledger.preparedAuthority = prepared?.authorityId;
}

async function listEntries(rpc: RpcClient): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (let pageToken = ''; ; ) {
    const page = await entryClient(rpc).listEntries(ListEntriesRequest.create({ pageSize: 1000, pageToken }));
    for (const { id, spiffeId } of page.entries) found.set(id, spiffeId?.path ?? '');
    pageToken = page.nextPageToken;
    if (pageToken === '') return found;
  }
}

async function listAgents(rpc: RpcClient): Promise<Map<string, 'attested' | 'banned'>> {
  const found = new Map<string, 'attested' | 'banned'>();
  for (let pageToken = ''; ; ) {
    const page = await agentClient(rpc).listAgents(ListAgentsRequest.create({ pageSize: 1000, pageToken }));
    for (const { id, banned } of page.agents) found.set(id?.path ?? '', banned ? 'banned' : 'attested');
    pageToken = page.nextPageToken;
    if (pageToken === '') return found;
  }
}
