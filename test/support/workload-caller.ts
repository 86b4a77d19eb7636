import { join } from 'node:path';
import { RpcClient } from '../../src/lib/rpc/client.ts';
import { SpiffeWorkloadAPIDefinition } from '../../src/lib/wire/gen/workload.ts';
import { projectRoot, run } from './programs.ts';

const METADATA = { 'workload.spiffe.io': 'true' };

/** The SPIFFE IDs of this process in one answer of a Workload API; none if it is refused. */
export async function identities(client: RpcClient): Promise<string[]> {
  const stream = client.serverStream(SpiffeWorkloadAPIDefinition, 'fetchX509SVID', {}, { metadata: METADATA });
  for await (const answer of stream) return answer.svids.map((svid) => svid.spiffeId);
  return [];
}

/** Asks again and again until this process has an identity. Gives up after 60 s. */
export async function untilIdentity(socketPath: string, wanted: string): Promise<void> {
  await using client = new RpcClient({ kind: 'unix', path: socketPath });
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    const ids = await identities(client).catch((): string[] => []);
    if (ids.includes(wanted)) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`${wanted} did not arrive`);
}

/** Makes calls one after the other as another user; returns the first SPIFFE ID of each answer. Needs root. */
export async function callAs(caller: { uid: number; calls: number; socketPath: string }): Promise<string[]> {
  const script = join(projectRoot, 'test/support/call-repeatedly.ts');
  const made = await run(process.execPath, [script, caller.socketPath, String(caller.calls)], {
    uid: caller.uid,
    gid: caller.uid,
    timeoutMs: 300_000,
  });
  if (made.code !== 0) throw new Error(`the caller with uid ${caller.uid} failed: ${made.stderr}`);
  return made.stdout.trim().split('\n');
}
