import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import { buildGoProgram } from '../support/foreign-clients.ts';
import { findOnPath, findRealSpire, ours, run } from '../support/programs.ts';

const real = findRealSpire();
const go = findOnPath('go');
const uid = process.getuid?.() ?? 0;

/** A program that serves until it is ended. */
class Serving implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly address: string;
  stderr = '';

  private constructor(child: ChildProcess, address: string) {
    this.#child = child;
    this.address = address;
    child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
  }

  /** Waits for the line that ends in the address. */
  static open(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Serving> {
    return new Promise((resolve, reject) => {
      const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
      let text = '';
      child.once('exit', (code) => reject(new Error(`it has ended with ${code}: ${text}`)));
      child.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        const address = /(127\.0\.0\.1:\d+)\n/.exec(text)?.[1];
        if (address !== undefined) resolve(new Serving(child, address));
      });
      child.stderr.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGTERM');
    await ended;
  }
}

const spirekit = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  run(ours.spirekit, args, { env: { ...process.env, NO_COLOR: '1', ...env } });

const kinds = [
  { name: 'of spirekit', daemons: ours, isThere: true },
  {
    name: real === undefined ? 'of SPIRE (skipped: SPIRE_SERVER_BIN and SPIRE_AGENT_BIN are not set)' : 'of SPIRE',
    daemons: real ?? ours,
    isThere: real !== undefined,
  },
];

describe.each(kinds.filter(({ isThere }) => isThere))('two trust domains $name', ({ daemons }) => {
  let near: Deployment;
  let far: Deployment;
  /** Folders with minted identities. */
  let client: string;
  let stranger: string;

  const mint = async (deployment: Deployment, path: string): Promise<string> => {
    const folder = join(deployment.folder, path.slice(1));
    mkdirSync(folder);
    const id = `spiffe://${deployment.trustDomain}${path}`;
    const made = await deployment.server('x509', 'mint', '-spiffeID', id, '-write', folder);
    if (made.code !== 0) throw new Error(made.stderr);
    return folder;
  };

  beforeAll(async () => {
    [near, far] = await Promise.all([
      Deployment.open({ daemons, trustDomain: 'near.example' }),
      Deployment.open({ daemons, trustDomain: 'far.example' }),
    ]);
    const bundle = join(near.folder, 'far.json');
    writeFileSync(bundle, (await far.server('bundle', 'show', '-format', 'spiffe')).stdout);
    await near.server('bundle', 'set', '-id', 'spiffe://far.example', '-format', 'spiffe', '-path', bundle);
    await near.startAgent();
    await near.createEntry('/web', [`unix:uid:${uid}`], '-federatesWith', 'spiffe://far.example');
    const fetched = await spirekit([
      'api',
      'fetch',
      'x509',
      '--wait',
      '60s',
      '--socket-path',
      near.agentSocket,
      '--silent',
    ]);
    if (fetched.code !== 0) throw new Error(fetched.stderr);
    client = await mint(near, '/client');
    stranger = await mint(far, '/client');
  }, 120_000);

  afterAll(async () => {
    await near?.[Symbol.asyncDispose]();
    await far?.[Symbol.asyncDispose]();
  });

  const workload = () => `unix:${near.agentSocket}`;

  it('serve and ping each other, within and across', async () => {
    await using server = await Serving.open(ours.spirekit, [
      ...['mtls', 'serve', '127.0.0.1:0', '--identity', workload()],
      ...['--allow', 'spiffe://near.example/client', '--allow-trust-domain', 'far.example'],
    ]);
    const within = await spirekit([
      'mtls',
      'ping',
      server.address,
      '--identity',
      client,
      '--expect',
      'spiffe://near.example/web',
    ]);
    expect(within).toMatchObject({ code: 0, stderr: '' });
    expect(within.stdout).toContain('both sides accept each other');
    const url = `https://${server.address}/`;
    // The other side does not know near.example until it is told its bundle.
    const unknown = await spirekit([
      'mtls',
      'curl',
      url,
      '--identity',
      stranger,
      '--expect-trust-domain',
      'near.example',
    ]);
    expect(unknown.code).toBe(5);
    expect(unknown.stderr).toContain('SPK-8014');
    const nearBundle = join(far.folder, 'near.pem');
    writeFileSync(nearBundle, (await near.server('bundle', 'show')).stdout);
    const across = await spirekit([
      ...['mtls', 'curl', url, '--identity', stranger, '--expect-trust-domain', 'near.example', '--fail'],
      ...['--bundle', `near.example=${nearBundle}`],
    ]);
    expect(across.code, across.stderr).toBe(0);
    expect(JSON.parse(across.stdout)).toMatchObject({ accepted: true, spiffe_id: 'spiffe://far.example/client' });
    const other = await spirekit([
      'mtls',
      'curl',
      url,
      '--identity',
      workload(),
      '--expect',
      'spiffe://near.example/web',
      '--fail',
    ]);
    expect(other).toMatchObject({ code: 1 });
    expect(JSON.parse(other.stdout)).toMatchObject({ accepted: false, findings: [{ code: 'SPK-8015' }] });
    expect(server.stderr).toContain('accepted  127.0.0.1:');
    expect(server.stderr).toContain('SPK-8015');
  });

  it("the server's own port is a peer, too", async () => {
    const address = `127.0.0.1:${near.port}`;
    const server = 'spiffe://near.example/spire/server';
    const good = await spirekit(['mtls', 'ping', address, '--identity', client, '--expect', server, '--alpn', 'h2']);
    expect(good.stdout).toContain(`peer      ${server}`);
    expect(good.code, good.stdout).toBe(0);
    const refused = await spirekit([
      'mtls',
      'ping',
      address,
      '--identity',
      stranger,
      '--alpn',
      'h2',
      '--output',
      'json',
    ]);
    expect(JSON.parse(refused.stdout).findings.map(({ code }: { code: string }) => code)).toContain('SPK-8014');
  });

  it('are looked at and verified from every source', async () => {
    const inspected = await spirekit(['svid', 'inspect', workload(), '--output', 'json']);
    expect(JSON.parse(inspected.stdout)).toMatchObject({
      svids: [{ spiffe_id: 'spiffe://near.example/web', private_key: 'matches', findings: [] }],
    });
    for (const source of [
      [workload()],
      [client],
      [`127.0.0.1:${near.port}`, '--bundle', `server:${near.serverSocket}`],
    ]) {
      const verified = await spirekit(['svid', 'verify', ...source]);
      expect(verified.code, verified.stdout + verified.stderr).toBe(0);
    }
    const wrong = await spirekit([
      'svid',
      'verify',
      client,
      '--bundle',
      `near.example=${join(stranger, 'bundle.pem')}`,
    ]);
    expect(wrong).toMatchObject({ code: 9 });
    expect(wrong.stdout).toContain('XS-19');
    const token = await spirekit([
      'api',
      'fetch',
      'jwt',
      '--audience',
      'a',
      '--raw',
      '--socket-path',
      near.agentSocket,
    ]);
    const path = join(near.folder, 'token.jwt');
    writeFileSync(path, token.stdout);
    const judged = (audience: string) =>
      spirekit(['svid', 'verify', path, '--audience', audience, '--bundle', workload()]).then(({ code }) => code);
    expect([await judged('a'), await judged('b')]).toEqual([0, 9]);
    const expiry = await spirekit(['expiry', workload(), `server:${near.serverSocket}`, client, '--output', 'json']);
    expect(expiry.code, expiry.stdout).toBe(0);
    expect(JSON.parse(expiry.stdout).items.length).toBeGreaterThan(4);
  });

  it.skipIf(go === undefined)(
    `go-spiffe is a peer on either side${go === undefined ? ' (skipped: go is not on the PATH)' : ''}`,
    { timeout: 300_000 },
    async () => {
      const program = await buildGoProgram(near.folder, './mtls');
      const env = { SPIFFE_ENDPOINT_SOCKET: `unix://${near.agentSocket}` };
      const web = 'spiffe://near.example/web';
      await using server = await Serving.open(program, ['serve', web], env);
      const ping = (identity: string) =>
        spirekit(['mtls', 'ping', server.address, '--identity', identity, '--expect', web]);
      const good = await ping(workload());
      expect(good.code, good.stdout).toBe(0);
      // It lets one ID in, and says so by an alert alone.
      const refused = await ping(client);
      expect(refused.code, refused.stdout).toBe(5);
      expect(refused.stdout).toContain('alert "bad certificate": it refuses our SVID');
      await using echo = await Serving.open(ours.spirekit, [
        ...['mtls', 'serve', '127.0.0.1:0', '--identity', workload(), '--allow', web],
      ]);
      const got = await run(program, ['get', `https://${echo.address}/`, web], { env: { ...process.env, ...env } });
      expect(got.stdout).toContain('200\n');
      const wrong = await run(program, ['get', `https://${echo.address}/`, 'spiffe://near.example/db'], {
        env: { ...process.env, ...env },
      });
      expect(wrong.code).toBe(1);
      await expect.poll(() => echo.stderr, { timeout: 20_000 }).toContain('SPK-8021');
    },
  );

  it('have the same bundle everywhere, until an authority is prepared and tainted', async () => {
    const diff = () =>
      spirekit(['bundle', 'diff', workload(), `server:${near.serverSocket}`, '--trust-domain', 'near.example']);
    expect(await diff()).toMatchObject({ code: 0, stdout: 'The bundles are the same.\n' });
    const before = join(near.folder, 'before.json');
    writeFileSync(before, (await near.server('bundle', 'show', '-format', 'spiffe')).stdout);
    expect((await near.server('localauthority', 'x509', 'prepare')).code).toBe(0);
    const changed = await spirekit([
      'bundle',
      'diff',
      before,
      `server:${near.serverSocket}`,
      '--trust-domain',
      'near.example',
    ]);
    expect(changed.code).toBe(10);
    expect(changed.stdout).toContain('+ X.509 authority');
    expect(changed.stdout).toContain('SPK-3050');
    const shown = JSON.parse((await near.server('localauthority', 'x509', 'show', '-output', 'json')).stdout);
    const [active, prepared] = [shown.active.authority_id, shown.prepared.authority_id];
    expect((await near.server('localauthority', 'x509', 'activate', '-authorityID', prepared)).code).toBe(0);
    expect((await near.server('localauthority', 'x509', 'taint', '-authorityID', active)).code).toBe(0);
    const tainted = await spirekit(['svid', 'verify', client, '--bundle', `server:${near.serverSocket}`]);
    expect(tainted).toMatchObject({ code: 0 });
    expect(tainted.stdout).toContain('SPK-3034');
    const inspected = await spirekit(['bundle', 'inspect', `server:${near.serverSocket}`]);
    expect(inspected.stdout).toContain(`${active}  TAINTED`);
    // Who still has the old copy meets an SVID of the new authority.
    const fresh = await mint(near, '/fresh');
    const refused = await spirekit(['svid', 'verify', fresh, '--bundle', `near.example=${before}`]);
    expect(refused).toMatchObject({ code: 9 });
    expect(refused.stdout).toContain(`the chain ends at authority ${prepared}`);
  });
});
