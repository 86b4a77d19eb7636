/** `call-repeatedly.ts SOCKET CALLS` prints the first SPIFFE ID of each of its calls. Run as another user by the tests. */
import { RpcClient } from '../../src/lib/rpc/client.ts';
import { identities } from './workload-caller.ts';

const [path = '', calls = '0'] = process.argv.slice(2);
await using client = new RpcClient({ kind: 'unix', path });

async function identityWhenReady(): Promise<string> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const [id] = await identities(client).catch((): string[] => []);
    if (id !== undefined) return id;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('no identity arrived');
}

await identityWhenReady();
const lines: string[] = [];
for (let call = 0; call < Number(calls); call += 1) lines.push((await identities(client))[0] ?? 'none');
console.log(lines.join('\n'));
