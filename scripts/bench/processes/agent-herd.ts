/**
 * A process that attests many agents at once, as when a server comes back to all that have lost it: `agent-herd.ts PORT`.
 * It reads a JSON array of join tokens from standard input, one for each agent, prints `"begun"` when all are on their
 * way and at the end the milliseconds that each of them took, as a JSON array.
 */
import { text } from 'node:stream/consumers';
import { RpcClient } from '../../../src/lib/rpc/client.ts';
import { attestAgent } from '../../../test/support/attest-agent.ts';

const port = Number(process.argv[2]);
const tokens: string[] = JSON.parse(await text(process.stdin));
const attesting = tokens.map(attest);
console.log('"begun"');
console.log(JSON.stringify(await Promise.all(attesting)));

async function attest(token: string): Promise<number> {
  const begin = performance.now();
  await using client = new RpcClient({ kind: 'tcp', host: '127.0.0.1', port, tls: { verifyServer: () => {} } });
  await attestAgent(client, token);
  return performance.now() - begin;
}
