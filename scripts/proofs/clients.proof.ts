import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Deployment } from '../../test/support/deployment.ts';
import { type Client, prepareClients } from '../../test/support/foreign-clients.ts';
import { findOnPath, whyNoOtherUsers } from '../../test/support/programs.ts';
import { callAs } from '../../test/support/workload-caller.ts';
import { type Proof, skipped, verdict } from './proof.ts';

export const proof: Proof = {
  shows: 'go-spiffe and py-spiffe read from our agent: two users with an identity, one without, an entry under a watch',
  async run() {
    const obstacle = await whyNoOtherUsers();
    if (obstacle !== undefined) return skipped(obstacle);
    const missing = ['go', 'python3'].find((tool) => findOnPath(tool) === undefined);
    if (missing !== undefined) return skipped(`${missing} is not on the PATH`);
    const work = mkdtempSync(join(tmpdir(), 'spirekit-clients-'));
    try {
      const clients = await prepareClients(work);
      const results: [string, boolean][] = [];
      for (const client of clients) results.push(...(await exercise(client)));
      for (const [what, held] of results) console.log(`${held ? 'ok' : 'FAILED'}: ${what}`);
      const held = results.filter(([, ok]) => ok).length;
      return verdict(held === results.length, `${held} of ${results.length} checks hold`);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  },
};

async function exercise(client: Client): Promise<[string, boolean][]> {
  await using deployment = await Deployment.open();
  await deployment.startAgent();
  await deployment.createEntry('/one', ['unix:uid:2001']);
  await deployment.createEntry('/two', ['unix:uid:2002']);
  const results: [string, boolean][] = [];
  const socket = deployment.agentSocket;
  // The entries reach the agent a moment after they are made.
  for (const uid of [2001, 2002]) await callAs({ uid, calls: 1, socketPath: socket });
  for (const [uid, path] of [
    [2001, '/one'],
    [2002, '/two'],
  ] as const) {
    const all = await client.call(['all', 'reports'], { uid, socket });
    results.push([`${client.name}: every operation as uid ${uid}`, all.code === 0]);
    const ids = /"ids": ?\["(spiffe:[^"]+)"\]/.exec(all.stdout)?.[1];
    results.push([`${client.name}: uid ${uid} is ${path}`, ids === `spiffe://example.org${path}`]);
  }
  const none = await client.call(['x509'], { uid: 2003, socket });
  results.push([
    `${client.name}: uid 2003 has no identity`,
    none.code === 1 && none.stdout.includes('no identity issued'),
  ]);
  results.push(...(await watchEntry(client, deployment)));
  return results;
}

/** Adds and deletes an entry while a watch of uid 2001 is open. */
async function watchEntry(client: Client, deployment: Deployment): Promise<[string, boolean][]> {
  const watch = spawn(client.command, [...client.prefix, 'watch', '6'], {
    uid: 2001,
    gid: 2001,
    env: { ...client.environment, SPIFFE_ENDPOINT_SOCKET: `unix://${deployment.agentSocket}` },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const lines: string[] = [];
  let rest = '';
  const waiting = new Set<() => void>();
  watch.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts.filter((line) => line.includes('"ids"')));
    for (const wake of waiting) wake();
  });
  const ended = new Promise<void>((resolve) => watch.on('close', () => resolve()));
  const until = (condition: () => boolean): Promise<boolean> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (condition()) resolve(true);
      };
      waiting.add(check);
      check();
      void ended.then(() => resolve(condition()));
    });
  const first = await until(() => lines.length > 0);
  const id = await deployment.createEntry('/added', ['unix:uid:2001']);
  const added = await until(() => lines.at(-1)?.includes('/added') === true);
  await deployment.server('entry', 'delete', '-entryID', id);
  const deleted = await until(() => lines.at(-1)?.includes('/added') === false);
  await ended;
  return [
    [`${client.name}: the watch begins with what is there`, first],
    [`${client.name}: the watch sees an entry come`, added],
    [`${client.name}: the watch sees an entry go`, deleted],
  ];
}
