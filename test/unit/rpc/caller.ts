/** `caller.ts SOCKET CALLS` calls so often and prints each answer of `List` once: who the server says is calling. */
import { RpcClient } from '../../../src/lib/rpc/client.ts';
import { HealthDefinition } from '../../../src/lib/wire/gen/grpc/health/v1/health.ts';

const [path = '', calls = '1'] = process.argv.slice(2);
const answers = new Set<string>();
for (let made = 0; made < Number(calls); ) {
  // Several calls on one connection, then another one.
  await using client = new RpcClient({ kind: 'unix', path });
  const batch = Array.from({ length: 10 }, () => client.unary(HealthDefinition, 'list', {}));
  for (const { statuses } of await Promise.all(batch)) for (const name of Object.keys(statuses)) answers.add(name);
  made += batch.length;
}
console.log(
  JSON.stringify({ self: `${process.pid} ${process.geteuid?.()} ${process.getegid?.()}`, answers: [...answers] }),
);
