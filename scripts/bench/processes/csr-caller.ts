/**
 * A process that attests as an agent and has X509-SVIDs signed, a CSR for each entry in a call, again and again. It reads
 * its orders as a line of JSON from standard input, prints `"ready"` when the server signs for it, goes on until its input
 * ends or enough are signed, and prints what came of it.
 */
import { createInterface } from 'node:readline';
import { createCsr } from '../../../src/lib/crypto/csr.ts';
import { generateKey } from '../../../src/lib/crypto/key.ts';
import { signerFromKey } from '../../../src/lib/crypto/signer.ts';
import { RpcClient, type RpcTlsOptions } from '../../../src/lib/rpc/client.ts';
import { SVIDDefinition } from '../../../src/lib/wire/gen/spire/api/server/svid/v1/svid.ts';
import { attestAgent } from '../../../test/support/attest-agent.ts';

/** What this process is told. */
export interface CsrCallerOrders {
  readonly port: number;
  readonly token: string;
  /** Of the entries, below the agent of the token; each call asks for all of them. */
  readonly entryIds: readonly string[];
  /** Calls under way at the same time. */
  readonly atOnce: number;
  /** So many are enough. */
  readonly svids?: number;
}

/** What it says in the end. */
export interface CsrCallerReport {
  readonly svids: number;
  readonly wallMs: number;
}

/** A server may need a while to know of new entries; SPIRE's reads its database every five seconds. */
const READY_WITHIN_MS = 60_000;

const input = createInterface({ input: process.stdin });
const orders: CsrCallerOrders = JSON.parse(await new Promise<string>((resolve) => input.once('line', resolve)));
const stopped = new AbortController();
input.once('close', () => stopped.abort());
const agent = await attest();
await using client = connect({ ...agent.identity });
const params = await Promise.all(
  orders.entryIds.map(async (entryId) => ({
    entryId,
    csr: Buffer.from(await createCsr({ signer: signerFromKey(await generateKey('ec-p256')) })),
  })),
);
for (const start = performance.now(); (await countSigned()) < params.length; ) {
  if (performance.now() - start > READY_WITHIN_MS) throw new Error('the server does not sign for these entries');
}
console.log('"ready"');
const start = performance.now();
let svids = 0;
const callInTurn = async (): Promise<void> => {
  while (!stopped.signal.aborted && svids < (orders.svids ?? Number.POSITIVE_INFINITY)) {
    const signed = await countSigned();
    svids += signed;
  }
};
await Promise.all(Array.from({ length: orders.atOnce }, callInTurn));
input.close();
console.log(JSON.stringify({ svids, wallMs: performance.now() - start } satisfies CsrCallerReport));

/** How many of one call's CSRs were signed. */
async function countSigned(): Promise<number> {
  const { results } = await client.unary(SVIDDefinition, 'batchNewX509SVID', { params });
  return results.filter(({ svid }) => svid !== undefined).length;
}

async function attest(): ReturnType<typeof attestAgent> {
  await using anonymous = connect({});
  return await attestAgent(anonymous, orders.token);
}

/** Whom it calls is not what is measured: any server will do. */
function connect(identity: Omit<RpcTlsOptions, 'verifyServer'>): RpcClient {
  const tls = { verifyServer: () => {}, ...identity };
  return new RpcClient({ kind: 'tcp', host: '127.0.0.1', port: orders.port, tls });
}
