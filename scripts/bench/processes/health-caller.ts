/**
 * A process that asks a server for its health at a steady pace, whether or not the last answer has come, until its input
 * ends: `health-caller.ts SOCKET EVERY_MS`. Prints `"ready"` after a first answer, and in the end the milliseconds of
 * each answer as a JSON array.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { RpcClient } from '../../../src/lib/rpc/client.ts';
import { HealthDefinition } from '../../../src/lib/wire/gen/grpc/health/v1/health.ts';

const [path = '', everyMs = 10] = [process.argv[2], Number(process.argv[3])];
await using client = new RpcClient({ kind: 'unix', path });
await ask();
console.log('"ready"');
const stopped = new AbortController();
process.stdin.once('end', () => stopped.abort()).resume();
const answers: Promise<number>[] = [];
const begin = performance.now();
for (let number = 0; !stopped.signal.aborted; number += 1) {
  await sleep(Math.max(0, begin + number * everyMs - performance.now()));
  answers.push(ask());
}
console.log(JSON.stringify(await Promise.all(answers)));

async function ask(): Promise<number> {
  const sent = performance.now();
  await client.unary(HealthDefinition, 'check', { service: '' });
  return performance.now() - sent;
}
