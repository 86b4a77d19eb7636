import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import { consult, LAST_FAULTS, LIVE_FAULTS, tryFault } from '../support/doctor-faults.ts';
import { findSchemaFault } from '../support/json-schemas.ts';
import { findRealSpire, NOBODY, ours, projectRoot, run, whyNoOtherUsers } from '../support/programs.ts';

const real = findRealSpire();
const noOtherUsers = await whyNoOtherUsers();

describe.each([
  { name: 'our server and agent', daemons: ours, obstacle: undefined },
  {
    name: 'SPIRE',
    daemons: real ?? ours,
    obstacle: real === undefined ? 'SPIRE_SERVER_BIN and SPIRE_AGENT_BIN do not name real binaries' : undefined,
  },
])('doctor with $name', ({ daemons, obstacle }) => {
  let deployment: Deployment;

  beforeAll(async () => {
    if (obstacle !== undefined) return;
    deployment = await Deployment.open({ daemons, clients: ours });
    await deployment.startAgent();
  }, 60_000);

  afterAll(async () => {
    await deployment?.[Symbol.asyncDispose]();
  });

  const why = obstacle === undefined ? '' : ` (skipped: ${obstacle})`;

  test.skipIf(obstacle !== undefined)(`finds nothing on healthy ones, and changes nothing${why}`, async () => {
    const folders = [join(deployment.folder, 'agent-data'), deployment.serverDataDir];
    const before = folders.map(snapshot);
    expect(await consult(deployment, { whom: 'agent' })).toEqual([]);
    expect(await consult(deployment, { whom: 'server' })).toEqual([]);
    expect(folders.map(snapshot)).toEqual(before);
  });

  test.skipIf(obstacle !== undefined)(`says so in JSON and exits 0${why}`, async () => {
    const args = [
      'doctor',
      '--json',
      '--agent-socket',
      deployment.agentSocket,
      '--server-socket',
      deployment.serverSocket,
    ];
    const finished = await run(ours.spirekit, args, { env: { PATH: process.env['PATH'] } });
    expect(findSchemaFault(finished.stdout)).toBeUndefined();
    const report = JSON.parse(finished.stdout);
    expect(report).toMatchObject({ schema: 'doctor/v1', worst: null, findings: [] });
    expect(report.examined).toMatchObject([
      { program: 'agent', pid: deployment.agentPid, configuration: join(deployment.folder, 'agent.conf') },
      { program: 'server', pid: deployment.serverPid, data_folder: deployment.serverDataDir },
    ]);
    expect(finished.code).toBe(0);
  });

  const otherUser = obstacle ?? noOtherUsers;
  test.skipIf(otherUser !== undefined)(
    `F37: tells another user what is closed to it${otherUser === undefined ? '' : ` (skipped: ${otherUser})`}`,
    async () => {
      const args = [
        join(projectRoot, 'bin/spirekit'),
        'doctor',
        'server',
        '--json',
        '--socket-path',
        deployment.serverSocket,
      ];
      const finished = await run('/bin/sh', args, { uid: NOBODY, gid: NOBODY, cwd: '/' });
      expect(JSON.parse(finished.stdout).findings).toMatchObject([{ code: 'SPK-4004', severity: 'error' }]);
      expect(finished.code).toBe(9);
    },
  );

  for (const fault of [...LIVE_FAULTS, ...LAST_FAULTS]) {
    const reason = obstacle ?? fault.obstacle;
    const title = `${fault.code} ${fault.name}${reason === undefined ? '' : ` (skipped: ${reason})`}`;
    test.skipIf(reason !== undefined)(
      title,
      async () => {
        expect(await tryFault(deployment, fault)).toContain(fault.code);
      },
      30_000,
    );
  }
});

/** Names, modes, times of change and contents of all that is in a folder but for what a running server writes. */
function snapshot(folder: string): unknown {
  return readdirSync(folder)
    .filter((name) => !/-(wal|shm)$/.test(name))
    .map((name) => {
      const path = join(folder, name);
      const status = lstatSync(path);
      const digest = status.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : '';
      return { name, mode: status.mode, uid: status.uid, size: status.size, digest };
    });
}
