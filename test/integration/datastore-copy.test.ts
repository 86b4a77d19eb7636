import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import { whyNoPostgres } from '../support/postgres-kit.ts';
import { PostgresServer } from '../support/postgres-server.ts';
import { type Finished, ours, run } from '../support/programs.ts';
import { untilIdentity } from '../support/workload-caller.ts';

const reason = whyNoPostgres();
const uid = process.getuid?.() ?? 0;

/** Writes the configuration of the deployment's server with another datastore in it; returns its path. */
function configWith(deployment: Deployment, name: string, datastore: string): string {
  const text = readFileSync(join(deployment.folder, 'server.conf'), 'utf8');
  const changed = text.replace(/database_type = [^}]*/, `${datastore}\n    `);
  expect(changed).not.toBe(text);
  const path = join(deployment.folder, name);
  writeFileSync(path, changed);
  return path;
}

/** Bundle, entries, agents and authorities as they are told. */
async function facts(deployment: Deployment): Promise<Record<string, unknown>> {
  const ask = async (...args: string[]): Promise<unknown> =>
    JSON.parse((await deployment.server(...args, '-output', 'json')).stdout);
  return {
    bundle: (await deployment.server('bundle', 'show', '-format', 'spiffe')).stdout,
    entries: await ask('entry', 'show'),
    agents: await ask('agent', 'list'),
    x509: await ask('localauthority', 'x509', 'show'),
    jwt: await ask('localauthority', 'jwt', 'show'),
    federated: (await deployment.server('bundle', 'list', '-format', 'spiffe')).stdout,
  };
}

describe('spirekit server datastore copy', { timeout: 300_000 }, () => {
  it('moves a server from SQLite to PostgreSQL: same roots, same agents, which do not notice', async ({ skip }) => {
    if (reason !== undefined) return skip(reason);
    await using postgres = await PostgresServer.open();
    const database = await postgres.createDatabase();
    await postgres.query("create role spire login password 'a-secret'");
    await postgres.query(`alter database ${database} owner to spire`);
    await using deployment = await Deployment.open();
    await deployment.startAgent();
    await deployment.createEntry('/web', [`unix:uid:${uid}`]);
    await untilIdentity(deployment.agentSocket, 'spiffe://example.org/web');
    // Old, tainted and federated authorities, a token nobody used, and a ban.
    const bundle = (await deployment.server('bundle', 'show', '-format', 'spiffe')).stdout;
    writeFileSync(join(deployment.folder, 'far.json'), bundle);
    const set = ['bundle', 'set', '-id', 'spiffe://far.org', '-format', 'spiffe', '-path'];
    expect((await deployment.server(...set, join(deployment.folder, 'far.json'))).code).toBe(0);
    const old = JSON.parse((await deployment.server('localauthority', 'jwt', 'show', '-output', 'json')).stdout).active
      .authority_id;
    const prepared = JSON.parse((await deployment.server('localauthority', 'jwt', 'prepare', '-output', 'json')).stdout)
      .prepared_authority.authority_id;
    expect((await deployment.server('localauthority', 'jwt', 'activate', '-authorityID', prepared)).code).toBe(0);
    expect((await deployment.server('localauthority', 'jwt', 'taint', '-authorityID', old)).code).toBe(0);
    await deployment.makeJoinToken();
    const before = await facts(deployment);

    const sqlite = join(deployment.folder, 'sqlite.conf');
    copyFileSync(join(deployment.folder, 'server.conf'), sqlite);
    // The password is in the environment, as it may be for the server.
    const address = `host=127.0.0.1 port=${postgres.port} user=spire dbname=${database} sslmode=disable`;
    const config = configWith(
      deployment,
      'postgres.conf',
      `database_type = "postgres"\nconnection_string = "${address}"`,
    );
    const env = { ...process.env, PGPASSWORD: 'a-secret' };
    const copy = (...args: string[]): Promise<Finished> =>
      run(ours.spirekit, ['server', 'datastore', 'copy', '-config', config, '-fromConfig', sqlite, ...args], { env });

    expect(await copy()).toMatchObject({ code: 1, stderr: expect.stringContaining('is in use by another process') });
    expect(await deployment.stopServer()).toBe(0);
    const dry = await copy('-dryRun');
    expect(dry).toMatchObject({ code: 0, stderr: '' });
    expect(dry.stdout).toContain(
      `Would copy SQLite "${deployment.serverDataDir}/datastore.sqlite3" to PostgreSQL database`,
    );
    expect((await postgres.query("select 1 from pg_tables where schemaname = 'public'", database)).rows).toEqual([]);
    const untouched = readFileSync(join(deployment.serverDataDir, 'datastore.sqlite3'));
    const copied = await copy();
    expect(copied).toMatchObject({ code: 0, stderr: '' });
    expect(copied.stdout).toContain(
      '       3 registration entries\n       1 agents\n       1 join tokens\n       2 bundles\n',
    );
    expect(copied.stdout).not.toContain('a-secret');
    expect(readFileSync(join(deployment.serverDataDir, 'datastore.sqlite3'))).toEqual(untouched);
    expect(await copy()).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is not empty: nothing was copied'),
    });

    rmSync(join(deployment.serverDataDir, 'datastore.sqlite3'));
    await deployment.startServer({ configPath: config, env });
    expect(await facts(deployment)).toEqual(before);
    await deployment.createEntry('/after', [`unix:uid:${uid}`]);
    await untilIdentity(deployment.agentSocket, 'spiffe://example.org/after');
    expect(deployment.log('agent').split('Starting node attestation')).toHaveLength(2);
    expect((await deployment.server('agent', 'list')).stdout).toContain('Found 1 attested agent');
    // While it runs nobody copies its database.
    const back = configWith(
      deployment,
      'back.conf',
      `database_type = "sqlite3"\nconnection_string = "${deployment.serverDataDir}/back.sqlite3"`,
    );
    const backwards = ['server', 'datastore', 'copy', '-config', back, '-fromConfig', config];
    const refused = await run(ours.spirekit, backwards, { env });
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('a server runs on it: stop all of them first'),
    });
    // And back again.
    expect(await deployment.stopServer()).toBe(0);
    expect(await run(ours.spirekit, backwards, { env })).toMatchObject({ code: 0 });
    await deployment.startServer({ configPath: back });
    const { entries, ...rest } = await facts(deployment);
    expect(rest).toMatchObject({ bundle: before['bundle'], jwt: before['jwt'], x509: before['x509'] });
    expect(JSON.stringify(entries)).toContain('/after');
    await deployment.createEntry('/last', [`unix:uid:${uid}`]);
    await untilIdentity(deployment.agentSocket, 'spiffe://example.org/last');
  });
});
