/**
 * `reuse-pid.ts SOCKET`, as first process of a pid namespace of its own: lets the process id of a caller that has gone,
 * but left its connection to another process, be used again by a stranger, and prints as JSON how the caller was attested:
 * when the id was used again after the server had taken the connection, and when it was before.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { serveAttestation } from './attesting-server.ts';
import { CONNECT_AND_LEAVE } from './perl-callers.ts';

const path = process.argv[2] ?? '';
const results: Record<string, unknown>[] = [];
await using server = await serveAttestation(path);

for (const isTaken of [true, false]) {
  // Ends at once; a child of it keeps the connection. Nothing here runs meanwhile, so nothing is accepted.
  const { pid } = spawnSync('perl', ['-e', CONNECT_AND_LEAVE, path], { stdio: 'ignore' });
  const peer = isTaken ? await server.nextPeer() : undefined;
  writeFileSync('/proc/sys/kernel/ns_last_pid', String(pid - 1));
  const stranger = spawn('sleep', ['600'], { stdio: 'ignore' });
  const found = peer ?? (await server.nextPeer());
  results.push({
    wasTakenBefore: isTaken,
    isReused: stranger.pid === pid && found.pid === pid,
    attested: await server.attest(found),
    stranger: await server.attest({ ...found, isAlive: () => true }),
  });
  stranger.kill('SIGKILL');
  await once(stranger, 'exit');
}
console.log(JSON.stringify(results));
// The first process of a namespace takes all others with it.
process.exit(0);
