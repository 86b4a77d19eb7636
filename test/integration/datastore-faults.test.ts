import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Deployment, freePort } from '../support/deployment.ts';
import { type Finished, ours, run } from '../support/programs.ts';
import { SmallDisk, whyNoMounts } from '../support/small-disk.ts';
import { untilIdentity } from '../support/workload-caller.ts';
import { limitWrites, whyNoWriteLimit } from '../support/write-limit.ts';

const noMounts = await whyNoMounts();
const noWriteLimit = whyNoWriteLimit();
const uid = process.getuid?.() ?? 0;

/** What makes the server's disk fail, and what mends it. */
interface Fault {
  readonly strike: () => unknown;
  readonly mend: () => unknown;
  /** What the server says to who wants to change something. */
  readonly reason: string;
}

/** A server with an agent, an entry and a health listener. */
class World implements AsyncDisposable {
  readonly deployment: Deployment;
  readonly healthPort: number;

  private constructor(deployment: Deployment, healthPort: number) {
    this.deployment = deployment;
    this.healthPort = healthPort;
  }

  static async open(options: { dataDir?: string } = {}): Promise<World> {
    const healthPort = await freePort();
    const deployment = await Deployment.open({
      ...(options.dataDir !== undefined && { serverDataDir: options.dataDir }),
      serverBlocks: `health_checks {
        listener_enabled = true
        bind_address = "127.0.0.1"
        bind_port = "${healthPort}"
        live_path = "/live"
        ready_path = "/ready"
      }`,
    });
    const world = new World(deployment, healthPort);
    await deployment.startAgent();
    await deployment.createEntry('/web', [`unix:uid:${uid}`]);
    await untilIdentity(deployment.agentSocket, 'spiffe://example.org/web');
    return world;
  }

  async status(path: 'live' | 'ready'): Promise<number> {
    return (await fetch(`http://127.0.0.1:${this.healthPort}/${path}`)).status;
  }

  create(path: string): Promise<Finished> {
    const args = ['-spiffeID', `spiffe://example.org${path}`, '-parentID', 'spiffe://example.org/host'];
    return this.deployment.server('entry', 'create', ...args, '-selector', 'unix:uid:1');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.deployment[Symbol.asyncDispose]();
  }
}

/** Reads go on, writes are refused, health tells, and all is well again once the fault is mended. */
async function expectFault(world: World, { strike, mend, reason }: Fault): Promise<void> {
  const { deployment } = world;
  await strike();
  const created = await world.create('/meanwhile');
  expect(created.code).toBe(1);
  expect(created.stdout + created.stderr).toContain('Failed to create the following entry (code: Unavailable');
  expect(created.stdout + created.stderr).toContain(reason);
  expect(await deployment.server('token', 'generate')).toMatchObject({ code: 1, stdout: '' });

  expect((await deployment.server('entry', 'show')).stdout).toContain('spiffe://example.org/web');
  expect((await deployment.server('bundle', 'show')).stdout).toContain('BEGIN CERTIFICATE');
  expect((await deployment.server('agent', 'count')).stdout).toContain('1 attested agent');
  expect((await deployment.agent(['api', 'fetch', 'x509'])).code).toBe(0);
  expect((await deployment.agent(['api', 'fetch', 'jwt', '-audience', 'a'])).code).toBe(0);
  const minted = await deployment.server('x509', 'mint', '-spiffeID', 'spiffe://example.org/minted');
  expect(minted.code).toBe(0);

  expect(await deployment.server('healthcheck')).toMatchObject({
    code: 1,
    stderr: 'Error: server is unhealthy: server returned status "NOT_SERVING"\n',
  });
  expect([await world.status('live'), await world.status('ready')]).toEqual([200, 500]);

  await mend();
  expect((await deployment.server('healthcheck')).code).toBe(0);
  expect(await world.status('ready')).toBe(200);
  expect((await world.create('/after')).code).toBe(0);
  const shown = (await deployment.server('entry', 'show')).stdout;
  expect(shown).toContain('spiffe://example.org/after');
  expect(shown).not.toContain('spiffe://example.org/meanwhile');
  expect(await deployment.stopAgent()).toBe(0);
  expect(await deployment.stopServer()).toBe(0);
  await deployment.startServer();
  // The one of the join token's own ID is the third.
  expect((await deployment.server('entry', 'count')).stdout).toContain('3 registration entries');
}

describe('a server', { timeout: 120_000 }, () => {
  it('F18: on a full disk reads, refuses writes, says that it is not ready, and recovers by itself', async ({
    skip,
  }) => {
    if (noMounts !== undefined) return skip(noMounts);
    await using disk = await SmallDisk.mount(8 * 1024);
    await using world = await World.open({ dataDir: join(disk.path, 'data') });
    await expectFault(world, {
      strike: () => disk.fill(),
      mend: () => disk.free(),
      reason: 'database or disk is full',
    });
  });

  it('F18: starts on a full disk, reads, and recovers by itself', async ({ skip }) => {
    if (noMounts !== undefined) return skip(noMounts);
    await using disk = await SmallDisk.mount(8 * 1024);
    await using world = await World.open({ dataDir: join(disk.path, 'data') });
    const { deployment } = world;
    const bundle = await deployment.server('bundle', 'show');
    disk.fill();
    await deployment.killServer();
    await deployment.startServer();
    expect(await deployment.server('bundle', 'show')).toEqual(bundle);
    expect((await deployment.server('entry', 'show')).stdout).toContain('spiffe://example.org/web');
    expect((await world.create('/meanwhile')).code).toBe(1);
    expect((await deployment.server('healthcheck')).code).toBe(1);
    disk.free();
    expect((await deployment.server('healthcheck')).code).toBe(0);
    expect((await world.create('/after')).code).toBe(0);
  });

  it('F18: whose files may not grow does the same', async ({ skip }) => {
    if (noWriteLimit !== undefined) return skip(noWriteLimit);
    await using world = await World.open();
    const pid = world.deployment.serverPid ?? 0;
    await expectFault(world, {
      strike: () => limitWrites(pid, 0),
      mend: () => limitWrites(pid, 'unlimited'),
      reason: 'datastore-sql: ',
    });
  });

  it('F18: whose data folder was moved away does the same until it is back', async () => {
    await using world = await World.open();
    const data = world.deployment.serverDataDir;
    await expectFault(world, {
      strike: () => renameSync(data, `${data}-aside`),
      mend: () => renameSync(`${data}-aside`, data),
      reason: 'was deleted while in use',
    });
  });

  it('F27: is refused on the database of another one, and the first goes on', async () => {
    await using deployment = await Deployment.open();
    const config = otherConfig(deployment, 'server.conf', {
      [`data_dir = "${deployment.serverDataDir}"`]: `data_dir = "${deployment.folder}/other-data"`,
      [deployment.serverSocket]: join(deployment.folder, 'other/api.sock'),
      [`bind_port = "${deployment.port}"`]: `bind_port = "${await freePort()}"`,
    });
    const second = await run(ours.server, ['run', '-config', config]);
    expect(second.code).toBe(1);
    expect(second.stdout).toContain(
      `datastore \\"${deployment.serverDataDir}/datastore.sqlite3\\" is in use by another process`,
    );
    expect((await deployment.server('healthcheck')).code).toBe(0);
  });
});

describe('an agent', () => {
  it('is refused on the data folder of another one, and the first goes on', { timeout: 120_000 }, async () => {
    await using deployment = await Deployment.open();
    await deployment.startAgent();
    const config = otherConfig(deployment, 'agent.conf', {
      [deployment.agentSocket]: join(deployment.folder, 'other/api.sock'),
      [deployment.adminSocket]: join(deployment.folder, 'other-admin/admin.sock'),
    });
    const second = await run(ours.agent, ['run', '-config', config]);
    expect(second.code).toBe(1);
    expect(second.stdout).toContain('is in use by another agent; stop that one first');
    expect((await deployment.agent(['healthcheck'])).code).toBe(0);
  });
});

/** Writes a configuration of the deployment anew with other values in it; returns its path. */
function otherConfig(
  deployment: Deployment,
  name: 'server.conf' | 'agent.conf',
  changes: Readonly<Record<string, string>>,
): string {
  let text = readFileSync(join(deployment.folder, name), 'utf8');
  for (const [before, after] of Object.entries(changes)) {
    expect(text).toContain(before);
    text = text.replaceAll(before, after);
  }
  const path = join(deployment.folder, `other-${name}`);
  writeFileSync(path, text);
  return path;
}
