import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Deployment, freePort } from '../support/deployment.ts';
import { callFromNamespaces, whyNoNamespaces } from '../support/namespace-caller.ts';
import { OWN_NODE_PATH, PackageCopy } from '../support/package-copy.ts';
import { hasStruck, poisonCache } from '../support/poisoned-cache.ts';
import { NOBODY, ours, projectRoot, run, whyNoOtherUsers } from '../support/programs.ts';
import { runInStorm, storm } from '../support/signal-storm.ts';
import { untilIdentity } from '../support/workload-caller.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spirekit-hardening-'));
  chmodSync(folder, 0o777);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('SIGUSR1 from the first instruction on', () => {
  it.each([
    [ours.agent, ['--version']],
    [ours.server, ['-h']],
    [ours.spirekit, ['version']],
    [ours.spirekit, ['dev', 'exec', '--', 'true']],
  ])('opens no debugger and changes nothing: %s %j', async (program, args) => {
    const calm = await run(program, args);
    const port = await freePort();
    const env = { ...process.env, NODE_OPTIONS: `--inspect-port=127.0.0.1:${port}` };
    let signals = 0;
    // A short command may have ended before a busy machine comes to send anything.
    while (signals === 0) {
      const { code, stdout, stderr, isOpen, ...sent } = await runInStorm({ program, args, env }, { port });
      expect({ code, stdout, stderr }).toEqual(calm);
      expect(isOpen).toBe(false);
      signals += sent.signals;
    }
  });

  it('opens no debugger in a server and an agent, which go on', async () => {
    await using deployment = await Deployment.open();
    await deployment.startAgent();
    await deployment.stopAgent();
    await deployment.stopServer();
    for (const [start, pidOf] of [
      [() => deployment.startServer(), () => deployment.serverPid],
      [() => deployment.startAgent({ token: false }), () => deployment.agentPid],
    ] as const) {
      const starting = start();
      const outcome = await storm({ pid: pidOf() }, { until: starting });
      await starting;
      expect(outcome.isOpen).toBe(false);
    }
    expect((await deployment.agent(['healthcheck'])).code).toBe(0);
    expect(await deployment.stopAgent()).toBe(0);
    expect(await deployment.stopServer()).toBe(0);
  });
});

describe('a poisoned compile cache', () => {
  it('strikes where it is trusted, and not where somebody else could write', async () => {
    using copy = new PackageCopy();
    const cacheFolder = join(copy.root, '.cache');
    const poison = await poisonCache(join(copy.root, 'dist/main/spire-agent.client.cjs'), {
      cacheFolder,
      marker: join(copy.folder, 'marker'),
      flags: ['--min-semi-space-size=8'],
    });
    const [inner = ''] = readdirSync(cacheFolder);
    const [planted = ''] = readdirSync(join(cacheFolder, inner));
    const victim = async (): Promise<boolean> => {
      await run(join(copy.root, 'bin/spire-agent'), ['-h'], { env: { PATH: OWN_NODE_PATH } });
      return hasStruck(poison);
    };
    chmodSync(cacheFolder, 0o700);
    expect(await victim()).toBe(true);
    chmodSync(cacheFolder, 0o770);
    expect(await victim()).toBe(false);
    chmodSync(cacheFolder, 0o700);
    chmodSync(join(cacheFolder, inner, planted), 0o666);
    expect(await victim()).toBe(false);
  });

  it('is not asked by daemons, wherever it lies', async () => {
    using copy = new PackageCopy();
    const cacheFolder = join(copy.root, '.cache');
    const poison = await poisonCache(join(copy.root, 'dist/main/spire-agent.full.cjs'), {
      cacheFolder,
      marker: join(copy.folder, 'marker'),
      flags: [],
    });
    chmodSync(cacheFolder, 0o700);
    for (const more of [{}, { NODE_COMPILE_CACHE: cacheFolder }]) {
      await run(join(copy.root, 'bin/spire-agent'), ['run', '-config', '/none'], {
        env: { PATH: OWN_NODE_PATH, ...more },
      });
      expect(hasStruck(poison)).toBe(false);
    }
    const direct = join(copy.root, 'dist/main/spire-agent.cjs');
    await run(process.execPath, [direct, 'run'], { env: { PATH: OWN_NODE_PATH, NODE_COMPILE_CACHE: cacheFolder } });
    expect(hasStruck(poison)).toBe(true);
  });
});

describe('F45: the memory of a daemon', () => {
  it('cannot be read by another process of its user, which it still knows', async ({ skip }) => {
    const obstacle = await whyNoOtherUsers();
    skip(obstacle !== undefined, obstacle);
    const script = [
      'head -c 1 /proc/$PPID/mem 2>&1; head -c 1 /proc/$PPID/environ 2>&1; head -c 1 /proc/$$/environ > /dev/null',
      'spirekit api fetch x509 --output json',
    ].join('; ');
    const result = await run(ours.spirekit, ['dev', 'exec', '--', 'sh', '-c', script], {
      ...{ uid: NOBODY, gid: NOBODY, cwd: '/' },
      env: { PATH: OWN_NODE_PATH },
    });
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout.match(/\/(mem|environ)': Permission denied|Permission denied/g)).toHaveLength(2);
    expect(result.stdout).toContain('"spiffe://example.org/dev"');
  });

  it.each(['SIGABRT', 'SIGSEGV'] as const)(
    'is left nowhere by a crash (%s), whatever the limit of core files',
    async (signal) => {
      // Who crashes cleans up nothing, so what it makes goes into folders of this test.
      const env = { ...process.env, TMPDIR: join(folder, 'tmp') };
      const work = join(folder, 'work');
      mkdirSync(env.TMPDIR);
      mkdirSync(work);
      const withCores = (program: string, args: readonly string[]): ChildProcess =>
        spawn('sh', ['-c', 'ulimit -c unlimited; exec "$0" "$@"', program, ...args], {
          cwd: work,
          env,
          stdio: 'ignore',
        });
      const crash = async (child: ChildProcess): Promise<unknown> => {
        const ended = once(child, 'exit');
        child.kill(signal);
        return (await ended)[1];
      };
      await using deployment = await Deployment.open();
      await deployment.stopServer();
      const config = join(deployment.folder, 'server.conf');
      const server = withCores(ours.server, ['run', '-config', config]);
      await expect
        .poll(() => run(ours.server, ['healthcheck', '-socketPath', deployment.serverSocket]), { timeout: 30_000 })
        .toMatchObject({ code: 0 });
      expect(await crash(server)).toBe(signal);
      const script = 'echo $$ > starting; mv starting started; exec sleep 60';
      const dev = withCores(ours.spirekit, ['dev', 'exec', '--', 'sh', '-c', script]);
      await expect.poll(() => readdirSync(work), { timeout: 30_000 }).toContain('started');
      expect(await crash(dev)).toBe(signal);
      process.kill(Number(readFileSync(join(work, 'started'), 'utf8')));
      expect(readdirSync(work)).toEqual(['started']);
    },
  );
});

describe('what a daemon makes under an open umask', () => {
  it('is for others neither to write nor to read, but for the sockets as SPIRE has them', async () => {
    await using deployment = await Deployment.open();
    await deployment.stopServer();
    const log = join(folder, 'server.log');
    const umask = process.umask(0);
    try {
      await deployment.startServer({ serverSettings: `log_file = "${log}"` });
      await deployment.startAgent();
    } finally {
      process.umask(umask);
    }
    await expect.poll(() => existsSync(deployment.adminSocket), { timeout: 30_000 }).toBe(true);
    const modes = (...paths: string[]): string[] => paths.map((path) => (statSync(path).mode & 0o777).toString(8));
    expect(modes(log, deployment.serverSocket, deployment.agentSocket, deployment.adminSocket)).toEqual([
      ...['640', '770', '777', '770'],
    ]);
    for (const data of ['server-data', 'agent-data']) {
      const paths = readdirSync(join(deployment.folder, data), { recursive: true, encoding: 'utf8' });
      expect(paths.length).toBeGreaterThan(0);
      for (const path of paths) expect(statSync(join(deployment.folder, data, path)).mode & 0o027, path).toBe(0);
    }
  });
});

describe('a caller in another pid namespace', () => {
  it('gets the identity of its own user, also as root of a user namespace, and of nobody else', {
    timeout: 120_000,
  }, async ({ skip }) => {
    const obstacle = await whyNoNamespaces();
    skip(obstacle !== undefined, obstacle);
    await using deployment = await Deployment.open();
    await deployment.startAgent();
    await deployment.createEntry('/nobody', [`unix:uid:${NOBODY}`]);
    // The later of the two is there when the agent has both.
    await deployment.createEntry('/root', ['unix:uid:0']);
    await untilIdentity(deployment.agentSocket, 'spiffe://example.org/root');
    const options = { socketPath: deployment.agentSocket, timeoutSeconds: 30 };
    for (const namespaces of ['pid', 'pid and user'] as const) {
      expect(await callFromNamespaces(namespaces, options)).toEqual(['spiffe://example.org/nobody']);
    }
  });

  it('gets no identity where the agent cannot see its process', { timeout: 120_000 }, async ({ skip }) => {
    const obstacle = await whyNoNamespaces();
    skip(obstacle !== undefined, obstacle);
    const launcher = join(folder, 'agent');
    writeFileSync(launcher, `#!/bin/sh\nexec unshare --pid --fork --kill-child --mount-proc '${ours.agent}' "$@"\n`, {
      mode: 0o755,
    });
    await using deployment = await Deployment.open({ daemons: { server: ours.server, agent: launcher } });
    await deployment.startAgent();
    await deployment.createEntry('/root', ['unix:uid:0']);
    await deployment.createEntry('/nobody', [`unix:uid:${NOBODY}`]);
    await expect
      .poll(() => deployment.log('agent'), { timeout: 30_000 })
      .toMatch(/Renewing X509-SVID|Creating X509-SVID/);
    for (const namespaces of ['none', 'pid'] as const) {
      const options = { socketPath: deployment.agentSocket, timeoutSeconds: 3 };
      expect(await callFromNamespaces(namespaces, options)).toEqual([]);
    }
    expect(deployment.log('agent')).toContain('the caller is in a pid namespace that cannot be seen');
    // unshare lets SIGTERM pass; the agent goes with it.
    if (deployment.agentPid !== undefined) process.kill(deployment.agentPid, 'SIGKILL');
  });

  it('meets no agent that would look it up in the /proc of another namespace', async ({ skip }) => {
    const obstacle = await whyNoNamespaces();
    skip(obstacle !== undefined, obstacle);
    const config = join(projectRoot, 'conf/agent/agent.conf');
    const result = await run('unshare', ['--pid', '--fork', '--kill-child', ours.agent, 'run', '-config', config], {
      cwd: folder,
    });
    expect(result.code).toBe(1);
    expect(result.stdout).toContain('/proc is not that of this pid namespace');
    expect(readdirSync(folder)).toEqual([]);
  });
});
