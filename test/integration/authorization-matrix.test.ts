import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRows, tryRows, untilEntriesCount } from '../support/authorization/matrix.ts';
import { MatrixDeployment, mintIdentity } from '../support/authorization/matrix-callers.ts';
import { callRaw, isDenied } from '../support/authorization/raw-call.ts';
import { Deployment } from '../support/deployment.ts';
import { ours, run } from '../support/programs.ts';

describe('F38: authorization', () => {
  let deployment: MatrixDeployment;

  beforeAll(async () => {
    deployment = await MatrixDeployment.open(ours);
    await untilEntriesCount(deployment);
  }, 60_000);

  afterAll(() => deployment[Symbol.asyncDispose]());

  it('lets every kind of caller do over its listener what SPIRE lets it do, and nothing else', {
    timeout: 120_000,
  }, async () => {
    const rows = readRows();
    for (const caller of deployment.callers) {
      const cells = await tryRows({ rows, caller }, deployment);
      expect(cells.filter(({ fault }) => fault !== undefined)).toEqual([]);
      expect(cells).toHaveLength(rows.length);
    }
  });
});

describe('the authorization policy of a running server', () => {
  const COUNT = '/spire.api.server.entry.v1.Entry/CountEntries';
  const AGENTS = '/spire.api.server.agent.v1.Agent/CountAgents';

  it('narrows and extends the table', { timeout: 60_000 }, async () => {
    const policy = `rpc "${COUNT.slice(1)}" { allow_ids = ["spiffe://example.org/board", "spiffe://far.example/board"] }
rpc "${AGENTS.slice(1)}" { deny_callers = ["admin", "local"] }`;
    await using narrowed = await openWith(policy);
    const board = narrowed.connectAs(await mintIdentity(narrowed.deployment, 'spiffe://example.org/board'));
    const other = narrowed.connectAs(await mintIdentity(narrowed.deployment, 'spiffe://example.org/other'));
    const foreign = narrowed.connectAs(await narrowed.foreign.issue({ uris: ['spiffe://far.example/board'] }));
    const local = narrowed.connectAs(undefined);
    await using clients = new AsyncDisposableStack();
    for (const client of [board, other, foreign, local]) clients.use(client);
    expect((await callRaw(board, COUNT)).code).toBe('OK');
    expect((await callRaw(foreign, COUNT)).code).toBe('OK');
    expect(isDenied(await callRaw(other, COUNT), COUNT)).toBe(true);
    expect(isDenied(await callRaw(board, AGENTS), AGENTS)).toBe(true);
    expect(isDenied(await callRaw(foreign, AGENTS), AGENTS)).toBe(true);
    expect((await callRaw(local, COUNT)).code).toBe('OK');
    expect(isDenied(await callRaw(local, AGENTS), AGENTS)).toBe(true);
    expect(narrowed.deployment.log('server')).toMatch(
      /CountAgents.*authorization denied|authorization denied.*CountAgents/,
    );
  });

  it('keeps a server from starting, and validate from passing, with a method that is not there', async () => {
    await using deployment = await Deployment.open();
    await deployment.stopServer();
    const file = join(deployment.folder, 'policy.hcl');
    writeFileSync(file, 'rpc "spire.api.server.entry.v1.Entry/NoSuchMethod" { deny_callers = ["admin"] }\n');
    const settings = `authorization_policy_file = "${file}"`;
    await expect(deployment.startServer({ serverSettings: settings })).rejects.toThrow(
      `authorization_policy_file: ${file}:1:5: there is no method`,
    );
    const validated = await run(ours.server, ['validate', '-config', join(deployment.folder, 'server.conf')]);
    expect(validated.code).toBe(1);
    expect(validated.stderr).toContain('SPIRE server configuration file is invalid: authorization_policy_file: ');
    writeFileSync(file, `rpc "${COUNT.slice(1)}" { deny_callers = ["admin"] }\n`);
    const valid = await run(ours.server, ['validate', '-config', join(deployment.folder, 'server.conf')]);
    expect(valid).toMatchObject({ code: 0, stderr: '' });
  });

  it('takes the place of rules in Rego, with which a server does not start', async () => {
    await using deployment = await Deployment.open();
    await deployment.stopServer();
    const rego =
      'experimental { auth_opa_policy_engine { local { rego_path = "a.rego" policy_data_path = "b.json" } } }';
    const settings = rego.replace('" policy', '"\n policy');
    await expect(deployment.startServer({ serverSettings: settings })).rejects.toThrow(
      'by authorization_policy_file instead',
    );
    const validated = await run(ours.spirekit, [
      'server',
      'validate',
      '-config',
      join(deployment.folder, 'server.conf'),
    ]);
    expect(validated.code).toBe(0);
    expect(validated.stderr).toContain('authorization_policy_file takes its place');
  });
});

async function openWith(policy: string): Promise<MatrixDeployment> {
  const deployment = await MatrixDeployment.open(ours);
  const file = join(deployment.deployment.folder, 'policy.hcl');
  writeFileSync(file, policy);
  await deployment.deployment.stopServer();
  await deployment.deployment.startServer({ serverSettings: `authorization_policy_file = "${file}"` });
  return deployment;
}
