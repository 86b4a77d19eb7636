import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Deployment, freePort } from '../support/deployment.ts';
import { postgresUser, whyNoPostgres } from '../support/postgres-kit.ts';
import { PostgresServer } from '../support/postgres-server.ts';
import type { Finished } from '../support/programs.ts';
import { SmallDisk, whyNoMounts } from '../support/small-disk.ts';
import { untilIdentity } from '../support/workload-caller.ts';

const noPostgres = whyNoPostgres();
const noMounts = await whyNoMounts();
const uid = process.getuid?.() ?? 0;

/** What makes the database fail, and what mends it. */
interface Fault {
  readonly strike: (world: World) => unknown;
  readonly mend: (world: World) => unknown;
  /** What the server says to who wants to change something. */
  readonly reason: string;
  /** Whether what is stored can still be read. */
  readonly canRead: boolean;
  /** Default: everything. */
  readonly refuses?: 'large';
}

/** A server on PostgreSQL, as a user who is no superuser, with an agent, an entry and a health listener. */
class World implements AsyncDisposable {
  readonly postgres: PostgresServer;
  readonly deployment: Deployment;
  readonly #healthPort: number;

  private constructor(postgres: PostgresServer, deployment: Deployment, healthPort: number) {
    this.postgres = postgres;
    this.deployment = deployment;
    this.#healthPort = healthPort;
  }

  static async open({ tablespace }: { tablespace?: string } = {}): Promise<World> {
    await using opening = new AsyncDisposableStack();
    const postgres = opening.use(await PostgresServer.open());
    await postgres.query('create role spire login');
    if (tablespace !== undefined) await postgres.query(`create tablespace small owner spire location '${tablespace}'`);
    const where = tablespace === undefined ? '' : ' tablespace small';
    await postgres.query(`create database spire owner spire${where}`);
    const connection = `host=127.0.0.1 port=${postgres.port} user=spire dbname=spire sslmode=disable statement_timeout=2000`;
    const healthPort = await freePort();
    const deployment = opening.use(
      await Deployment.open({
        datastore: `database_type = "postgres"\nconnection_string = "${connection}"`,
        serverBlocks: `health_checks {
          listener_enabled = true
          bind_address = "127.0.0.1"
          bind_port = "${healthPort}"
          live_path = "/live"
          ready_path = "/ready"
        }`,
      }),
    );
    const world = new World(postgres, deployment, healthPort);
    await deployment.startAgent();
    await deployment.createEntry('/web', [`unix:uid:${uid}`]);
    await untilIdentity(deployment.agentSocket, 'spiffe://example.org/web');
    opening.move();
    return world;
  }

  async isReady(): Promise<boolean> {
    return (await fetch(`http://127.0.0.1:${this.#healthPort}/ready`)).status === 200;
  }

  create(path: string): Promise<Finished> {
    const args = ['-spiffeID', `spiffe://example.org${path}`, '-parentID', 'spiffe://example.org/host'];
    return this.deployment.server('entry', 'create', ...args, '-selector', 'unix:uid:1');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.deployment[Symbol.asyncDispose]();
    await this.postgres[Symbol.asyncDispose]();
  }
}

/** Writes are refused, health tells, what is in memory and what can be read goes on, and all is well again once it is mended. */
async function expectFault(world: World, { strike, mend, reason, canRead, refuses }: Fault): Promise<void> {
  const { deployment } = world;
  await strike(world);
  const created = await world.create('/meanwhile');
  expect(created.code).toBe(1);
  expect(created.stdout + created.stderr).toContain('code: Unavailable');
  expect(created.stdout + created.stderr).toContain(reason);
  // On a full disk what fits into a page that is there already is kept.
  if (refuses !== 'large') expect(await deployment.server('token', 'generate')).toMatchObject({ code: 1, stdout: '' });

  const shown = await deployment.server('entry', 'show');
  expect(shown.code).toBe(canRead ? 0 : 1);
  if (!canRead) expect(shown.stderr).toContain('Unavailable');
  expect((await deployment.agent(['api', 'fetch', 'x509'])).code).toBe(0);
  // It asks for the bundle, too.
  const minted = await deployment.server('x509', 'mint', '-spiffeID', 'spiffe://example.org/minted');
  expect(minted.code).toBe(canRead ? 0 : 1);
  expect((await deployment.server('healthcheck')).code).toBe(1);
  expect(await world.isReady()).toBe(false);

  await mend(world);
  await expect.poll(async () => (await deployment.server('healthcheck')).code, { timeout: 120_000 }).toBe(0);
  expect(await world.isReady()).toBe(true);
  expect((await world.create('/after')).code).toBe(0);
  const after = (await deployment.server('entry', 'show')).stdout;
  expect(after).toContain('spiffe://example.org/after');
  expect(after).not.toContain('spiffe://example.org/meanwhile');
  await deployment.createEntry('/later', [`unix:uid:${uid}`]);
  await untilIdentity(deployment.agentSocket, 'spiffe://example.org/later');
  expect(deployment.log('agent').split('Starting node attestation')).toHaveLength(2);
}

describe(`a server on PostgreSQL${noPostgres === undefined ? '' : ` (${noPostgres})`}`, { timeout: 240_000 }, () => {
  it.skipIf(noPostgres !== undefined).each<[string, Fault]>([
    [
      'that is gone',
      {
        strike: ({ postgres }) => postgres.stop(),
        mend: ({ postgres }) => postgres.start(),
        reason: 'ECONNREFUSED',
        canRead: false,
      },
    ],
    [
      'that takes no writes',
      {
        strike: async ({ postgres }) => {
          await postgres.query('alter database spire set default_transaction_read_only = on');
          await postgres.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'spire'");
        },
        mend: async ({ postgres }) => {
          await postgres.query('alter database spire reset default_transaction_read_only');
          await postgres.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'spire'");
        },
        reason: 'in a read-only transaction',
        canRead: true,
      },
    ],
    [
      'that gives it no connection',
      {
        strike: async ({ postgres }) => {
          await postgres.query('alter role spire connection limit 0');
          await postgres.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'spire'");
        },
        mend: ({ postgres }) => postgres.query('alter role spire connection limit -1'),
        reason: 'too many connections',
        canRead: false,
      },
    ],
    [
      'whose tables another program has locked',
      {
        strike: (world) =>
          locks.open(world, 'begin; lock table registered_entries, join_tokens, write_trials in share mode'),
        mend: () => locks.close(),
        reason: 'canceling statement due to',
        canRead: true,
      },
    ],
    [
      'that has become slow',
      {
        strike: ({ postgres }) =>
          postgres.query(
            `create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(60); return new; end $$;
             create trigger slow before insert on registered_entries for each row execute function slow();
             create trigger slow before insert on join_tokens for each row execute function slow();
             create trigger slow before insert on write_trials for each row execute function slow()`,
            'spire',
          ),
        mend: ({ postgres }) => postgres.query('drop function slow cascade', 'spire'),
        reason: 'canceling statement due to statement timeout',
        canRead: true,
      },
    ],
  ])('F18: %s refuses writes, says that it is not ready, and recovers by itself', async (_what, fault) => {
    await using world = await World.open();
    await expectFault(world, fault);
  });

  it('F18: whose disk is full refuses writes, reads on, and recovers by itself', async ({ skip }) => {
    if (noPostgres !== undefined) return skip(noPostgres);
    if (noMounts !== undefined) return skip(noMounts);
    await using disk = await SmallDisk.mount(64 * 1024);
    chmodSync(disk.path, 0o755);
    const tablespace = join(disk.path, 'tablespace');
    mkdirSync(tablespace, { mode: 0o700 });
    if (postgresUser.uid !== undefined) chownSync(tablespace, postgresUser.uid, postgresUser.uid);
    await using world = await World.open({ tablespace });
    await expectFault(world, {
      strike: async () => {
        disk.fill();
        // What is left in pages that are there already is used up, too.
        for (let index = 0; index < 200; index += 1) {
          if ((await world.create(`/filling/${index}`)).code !== 0) return;
        }
      },
      mend: () => disk.free(),
      reason: 'No space left on device',
      canRead: true,
      refuses: 'large',
    });
  });

  it('F45: that cannot be reached at the start is named, its password is not', async () => {
    const connection = 'host=127.0.0.1 port=1 user=spire dbname=spire sslmode=disable password=a-secret-nobody-may-see';
    const opening = Deployment.open({ datastore: `database_type = "postgres"\nconnection_string = "${connection}"` });
    const failure = await opening.then(
      () => '',
      (error: unknown) => String(error),
    );
    expect(failure).toContain('datastore \\"spire\\" on 127.0.0.1:1: datastore-sql: connect ECONNREFUSED 127.0.0.1:1');
    expect(failure).not.toContain('a-secret-nobody-may-see');
  });

  it('F18: that restarts is back at once, also for a server that wrote just before', async ({ skip }) => {
    if (noPostgres !== undefined) return skip(noPostgres);
    await using world = await World.open();
    for (const mode of ['fast', 'immediate'] as const) {
      expect((await world.create(`/before-${mode}`)).code).toBe(0);
      await world.postgres.stop(mode);
      await world.postgres.start();
      expect((await world.create(`/after-${mode}`)).code).toBe(0);
      const shown = (await world.deployment.server('entry', 'show')).stdout;
      expect(shown).toContain(`/before-${mode}`);
    }
  });
});

/** A connection of another program that keeps a transaction open. */
const locks = {
  held: undefined as AsyncDisposable | undefined,
  async open({ postgres }: World, sql: string): Promise<void> {
    const client = await postgres.connect('spire');
    this.held = client;
    await client.query(sql);
  },
  async close(): Promise<void> {
    await this.held?.[Symbol.asyncDispose]();
  },
};
