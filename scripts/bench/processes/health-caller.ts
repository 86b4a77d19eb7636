/**
 * A process that asks a server for its health at a steady pace, whether or not the last answer has come, for so many
 * seconds: `health-caller.ts SOCKET EVERY_MS SECONDS`. Prints the milliseconds of each answer as a JSON array.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { RpcClient } from '../../../src/lib/rpc/client.ts';
import { HealthDefinition } from '../../../src/lib/wire/gen/grpc/health/v1/health.ts';

const [path = '', everyMs = 10, seconds = 1] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
await using client = new RpcClient({ kind: 'unix', path });
await ask();
const answers: Promise<number>[] = [];
const begin = performance.now();
for (let number = 0; number * everyMs < seconds * 1000; number += 1) {
  const wait = begin + number * everyMs - performance.now();
  if (wait > 0) await sleep(wait);
  answers.push(ask());
}
console.log(JSON.stringify(await Promise.all(answers)));

async function ask(): Promise<number> {
  const sent = performance.now();
  await client.unary(HealthDefinition, 'check', { service: '' });
  return performance.now() - sent;
}
