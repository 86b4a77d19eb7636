import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RpcClient } from '../../src/lib/rpc/client.ts';
import { SpiffeWorkloadAPIDefinition } from '../../src/lib/wire/gen/workload.ts';
import { Deployment } from '../../test/support/deployment.ts';
import { type Client, prepareGoClient, preparePythonClient } from '../../test/support/foreign-clients.ts';
import { findOnPath, findRealSpire, ours, type Programs, run } from '../../test/support/programs.ts';
import { untilIdentity } from '../../test/support/workload-caller.ts';
import { type Proof, verdict } from './proof.ts';

export const proof: Proof = {
  shows:
    'a conversation recorded from our agent and from a real one, served to spirekit, go-spiffe and py-spiffe: valid, without a byte of the real keys',
  async run() {
    const work = mkdtempSync(join(tmpdir(), 'spirekit-recording-'));
    try {
      const clients = await prepareForeign(work);
      const real = findRealSpire();
      const parts = [await round('ours', ours, clients, work)];
      if (real !== undefined) parts.push(await round('SPIRE', real, clients, work));
      else console.log('SPIRE not tried: SPIRE_SERVER_BIN and SPIRE_AGENT_BIN name no binaries');
      return verdict(
        parts.every(({ holds }) => holds),
        parts.map(({ figure }) => figure).join('; '),
      );
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  },
};

async function prepareForeign(work: string): Promise<Client[]> {
  const clients: Client[] = [];
  if (findOnPath('go') === undefined) console.log('go-spiffe not tried: go is not on the PATH');
  else clients.push(await prepareGoClient(work));
  try {
    clients.push(await preparePythonClient(work));
  } catch (error) {
    console.log(`py-spiffe not tried: ${error instanceof Error ? error.message : error}`);
  }
  return clients;
}

async function round(name: string, daemons: Programs, clients: readonly Client[], work: string) {
  await using deployment = await Deployment.open({ daemons, clients: ours });
  await deployment.startAgent();
  const uid = process.getuid?.() ?? 0;
  await deployment.createEntry('/recorded', [`unix:uid:${uid}`]);
  await untilIdentity(deployment.agentSocket, 'spiffe://example.org/recorded');
  const secrets = await secretsOf(deployment);
  const file = join(work, `${name}.jsonl`);
  const args = ['record', '-o', file, '--for', '2s', '--audience', 'proof', '--socket-path', deployment.agentSocket];
  const recorded = await run(ours.spirekit, args);
  if (recorded.code !== 0) throw new Error(`record: ${recorded.stderr}`);
  const text = readFileSync(file, 'utf8');
  const leaks = secrets.filter((secret) => text.includes(secret)).length;
  const socket = join(work, `${name}.sock`);
  const replay = spawn(ours.spirekit, ['replay', file, '--listen', `unix:${socket}`], { stdio: 'ignore' });
  try {
    await untilThere(socket, replay);
    const readers = [
      await readByOurselves(socket),
      ...(await Promise.all(clients.map((client) => readBy(client, uid, socket)))),
    ];
    for (const reader of readers) console.log(`${name}: ${reader}`);
    const served = readers.filter((line) => line.endsWith('spiffe://example.org/recorded')).length;
    return {
      holds: leaks === 0 && served === readers.length,
      figure: `from ${name}: ${served} of ${readers.length} clients served, ${leaks} of ${secrets.length} secret texts in the file`,
    };
  } finally {
    replay.kill('SIGTERM');
  }
}

/** Texts that only whoever has the real keys and tokens can know. */
async function secretsOf(deployment: Deployment): Promise<string[]> {
  await using rpc = new RpcClient({ kind: 'unix', path: deployment.agentSocket });
  const metadata = { 'workload.spiffe.io': 'true' };
  const secrets: string[] = [];
  for await (const { svids } of rpc.serverStream(SpiffeWorkloadAPIDefinition, 'fetchX509SVID', {}, { metadata })) {
    for (const { x509SvidKey, x509Svid } of svids) {
      for (const bytes of [
        Buffer.from(x509SvidKey),
        Buffer.from(x509SvidKey).subarray(36, 66),
        Buffer.from(x509Svid).subarray(-60),
      ]) {
        secrets.push(
          bytes.toString('base64').slice(4, -4),
          bytes.toString('base64url').slice(4, -4),
          bytes.toString('hex'),
        );
      }
    }
    break;
  }
  const request = { audience: ['proof'], spiffeId: '' };
  const { svids } = await rpc.unary(SpiffeWorkloadAPIDefinition, 'fetchJWTSVID', request, { metadata });
  for (const { svid } of svids) secrets.push(svid, svid.split('.')[2] ?? svid);
  console.log(
    `${secrets.length} secret texts, digest ${createHash('sha256').update(secrets.join()).digest('hex').slice(0, 12)}`,
  );
  return secrets;
}

async function readByOurselves(socket: string): Promise<string> {
  const read = await run(ours.spirekit, ['api', 'fetch', 'x509', '--socket-path', socket]);
  const [, id] = /SPIFFE ID:\s+(\S+)/.exec(read.stdout) ?? [];
  return `spirekit: ${id ?? read.stderr}`;
}

async function readBy(client: Client, uid: number, socket: string): Promise<string> {
  const read = await client.call(['x509'], { uid, socket });
  const found = /spiffe:\/\/example\.org\/recorded/.exec(read.stdout);
  return `${client.name}: ${found?.[0] ?? read.stderr + read.stdout}`;
}

async function untilThere(path: string, program: ChildProcess): Promise<void> {
  while (!existsSync(path)) {
    if (program.exitCode !== null) throw new Error('replay has ended');
    await sleep(20);
  }
}
