import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Deployment, freePort } from '../support/deployment.ts';
import { type Finished, findRealSpire, ours, run } from '../support/programs.ts';
import { untilIdentity } from '../support/workload-caller.ts';

const real = findRealSpire();

describe.each([
  ['our server', ours],
  ['a real server', real],
])('commands that call %s over the network', (_, daemons) => {
  let deployment: Deployment;
  let address: string;

  beforeAll(async () => {
    if (daemons === undefined) return;
    deployment = await Deployment.open({ daemons });
    address = `127.0.0.1:${deployment.port}`;
    for (const name of ['admin', 'guest']) await mint(deployment, name);
    const admin = ['-spiffeID', 'spiffe://example.org/admin', '-selector', 'test:admin'];
    await deployment.server('entry', 'create', '-admin', '-node', ...admin);
  }, 60_000);

  beforeEach(async ({ skip }) => {
    if (daemons === undefined) return skip('SPIRE_SERVER_BIN and SPIRE_AGENT_BIN do not name real SPIRE binaries');
    // A real server looks at its entries every five seconds.
    await expect.poll(async () => (await call(['agent', 'count'], 'admin')).code, { timeout: 30_000 }).toBe(0);
  }, 60_000);

  afterAll(async () => {
    await deployment?.[Symbol.asyncDispose]();
  });

  function call(words: readonly string[], caller: string, program = ours.server, ...more: string[]): Promise<Finished> {
    const svid = ['-serverAddr', address, '-callerSVID', join(deployment.folder, caller)];
    return run(program, [...words, ...svid, ...more], { cwd: deployment.folder });
  }

  it.each([
    [['agent', 'list']],
    [['agent', 'count']],
    [['bundle', 'show']],
    [['bundle', 'list']],
    [['bundle', 'count']],
    [['entry', 'show', '-output', 'json']],
    [['entry', 'count']],
    [['localauthority', 'x509', 'show']],
    [['localauthority', 'jwt', 'show', '-output', 'json']],
  ])('%j prints for an admin what it prints on the private socket', async (words) => {
    const local = await deployment.server(...words);
    const remote = await call(words, 'admin');
    expect(remote).toEqual(local);
    expect(local.code).toBe(0);
  });

  it('change the server for an admin', async () => {
    const entry = [
      '-spiffeID',
      'spiffe://example.org/far',
      '-parentID',
      'spiffe://example.org/host',
      '-selector',
      'a:b',
    ];
    const made = await call(['entry', 'create', ...entry], 'admin');
    expect(made.stderr).toBe('');
    const id = /Entry ID\s*: (\S+)/.exec(made.stdout)?.[1] ?? '';
    expect((await deployment.server('entry', 'show', '-entryID', id)).stdout).toContain('spiffe://example.org/far');
    expect((await call(['entry', 'delete', '-entryID', id], 'admin')).code).toBe(0);
    expect((await call(['token', 'generate'], 'admin')).stdout).toMatch(/^Token: /);
    expect(
      (await call(['jwt', 'mint', '-spiffeID', 'spiffe://example.org/j', '-audience', 'x'], 'admin')).stdout,
    ).toMatch(/^ey/);
  });

  it('say in one line what to do for a caller that is no admin', async () => {
    const refused = await call(['entry', 'count'], 'guest');
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toBe(
      `Error: the server at ${address} does not let spiffe://example.org/guest do this: authorization denied for method /spire.api.server.entry.v1.Entry/CountEntries. Have it be an admin there: by an entry with \`-admin\`, or by \`admin_ids\` in the server's configuration.\n`,
    );
    expect((await call(['entry', 'count'], 'guest', ours.spirekit)).code).toBe(5);
  });

  it('refuse a server of another trust domain than the one expected', async () => {
    const refused = await call(['entry', 'count'], 'admin', ours.spirekit, '-serverTrustDomain', 'other.org');
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain(
      `what answers at ${address} is not the server of other.org as this caller knows it`,
    );
  });

  it('refuse a server that another CA vouches for', async () => {
    await using impostor = await Deployment.open();
    const there = ['-serverAddr', `127.0.0.1:${impostor.port}`, '-callerSVID', join(deployment.folder, 'admin')];
    const refused = await run(ours.spirekit, ['entry', 'count', ...there]);
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain('is not the server of example.org as this caller knows it');
    expect(impostor.log('server')).not.toContain('CountEntries');
  });

  it('refuse a workload that poses as the server', async () => {
    // Its certificate is good, and of the right trust domain; only the ID is not the one of a server.
    const port = await freePort();
    const folder = join(deployment.folder, 'guest');
    const args = ['s_server', '-accept', `127.0.0.1:${port}`, '-alpn', 'h2', '-quiet', '-naccept', '1'];
    const serving = run('openssl', [...args, '-cert', `${folder}/svid.pem`, '-key', `${folder}/key.pem`], {
      timeoutMs: 20_000,
    });
    const admin = ['-callerSVID', join(deployment.folder, 'admin')];
    const calls = async () =>
      (await run(ours.spirekit, ['entry', 'count', '-serverAddr', `127.0.0.1:${port}`, ...admin])).stderr;
    await expect.poll(calls, { timeout: 15_000 }).toContain('unexpected ID "spiffe://example.org/guest"');
    await serving;
  });

  it('say that nothing answers', async () => {
    const nobody = `127.0.0.1:${await freePort()}`;
    const failed = await run(ours.server, [
      'entry',
      'count',
      '-serverAddr',
      nobody,
      '-callerSVID',
      join(deployment.folder, 'admin'),
    ]);
    expect(failed).toMatchObject({ code: 1, stdout: '' });
    expect(failed.stderr).toMatch(
      /^Error: cannot reach the server at 127\.0\.0\.1:\d+: connection refused\. Give the bind_address .*\n$/,
    );
  });
});

describe('commands that call a server over the network', () => {
  it('take their SVID from the Workload API', { timeout: 120_000 }, async () => {
    await using deployment = await Deployment.open();
    const selector = `unix:uid:${process.getuid?.()}`;
    await deployment.startAgent();
    await deployment.createEntry('/app', [selector]);
    await deployment.createEntry('/operator', [selector], '-admin');
    await untilIdentity(deployment.agentSocket, 'spiffe://example.org/operator');
    const there = ['entry', 'count', '-serverAddr', `127.0.0.1:${deployment.port}`];
    const operator = ['-callerID', 'spiffe://example.org/operator'];
    const environment = { ...process.env, SPIFFE_ENDPOINT_SOCKET: `unix://${deployment.agentSocket}` };
    const byEnvironment = await run(ours.spirekit, [...there, ...operator], { env: environment });
    expect(byEnvironment).toEqual({ code: 0, stdout: '3 registration entries\n', stderr: '' });
    const byFlag = await run(ours.server, [...there, ...operator, '-workloadSocket', deployment.agentSocket]);
    expect(byFlag).toEqual(byEnvironment);
    const other = await run(ours.spirekit, [...there, '-callerID', 'spiffe://example.org/x'], { env: environment });
    expect(other.stderr).toContain('the Workload API has no SVID spiffe://example.org/x for this process, only ');
  });

  it('take one that api fetch x509 wrote', { timeout: 120_000 }, async () => {
    await using deployment = await Deployment.open();
    await deployment.startAgent();
    await deployment.createEntry('/operator', [`unix:uid:${process.getuid?.()}`], '-admin');
    await untilIdentity(deployment.agentSocket, 'spiffe://example.org/operator');
    const folder = join(deployment.folder, 'fetched');
    mkdirSync(folder);
    await deployment.agent(['api', 'fetch', 'x509', '-write', folder]);
    const there = ['-serverAddr', `127.0.0.1:${deployment.port}`, '-callerSVID', folder];
    expect((await run(ours.spirekit, ['agent', 'count', ...there])).stdout).toBe('1 attested agent\n');
  });

  it.each([
    ['server logger get', 'the log level of a server'],
    ['server logger set -level debug', 'the log level of a server'],
    ['server logger reset', 'the log level of a server'],
    ['server debug getinfo', 'what a server is made of'],
    ['server healthcheck', 'the health of a server'],
  ])('%s says that only the private socket serves it', async (words, what) => {
    const refused = await run(ours.spirekit, [...words.split(' '), '-serverAddr', '127.0.0.1']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`${what} is served only on the private socket of a server: run this where`);
  });
});

async function mint(deployment: Deployment, name: string): Promise<void> {
  const folder = join(deployment.folder, name);
  mkdirSync(folder);
  await deployment.server('x509', 'mint', '-spiffeID', `spiffe://example.org/${name}`, '-write', folder);
}
