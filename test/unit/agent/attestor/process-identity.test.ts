import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, readFileSync, realpathSync } from 'node:fs';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { findOnPath, NOBODY, run, whyNoOtherUsers } from '../../../support/programs.ts';
import { TestFolder } from '../support.ts';
import { serveAttestation } from './attesting-server.ts';
import { CONNECT_AND_EXEC, CONNECT_AND_LEAVE } from './perl-callers.ts';

const reusePid = fileURLToPath(new URL('./reuse-pid.ts', import.meta.url));
const attestHidden = fileURLToPath(new URL('./attest-hidden.ts', import.meta.url));
const serveNamespace = fileURLToPath(new URL('./serve-namespace.ts', import.meta.url));

const noPerl = findOnPath('perl') === undefined ? 'perl is not on the PATH' : undefined;
const noNamespaces = ((): string | undefined => {
  if (process.getuid?.() !== 0) return 'making pid namespaces needs root';
  if (findOnPath('unshare') === undefined) return 'unshare is not on the PATH';
  const tried = spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']);
  return tried.status === 0 ? undefined : 'no pid namespace can be made here';
})();
const noOtherUsers = await whyNoOtherUsers();

/** A socket's folder that every user may enter. */
function openFolder(): TestFolder {
  const folder = new TestFolder();
  chmodSync(folder.path, 0o755);
  return folder;
}

/** A caller that is connected, and becomes another program on {@link CONNECT_AND_EXEC}'s terms. */
async function connected(
  args: readonly string[],
  identity: { uid?: number; gid?: number } = {},
): Promise<ChildProcess> {
  const child = spawn('perl', ['-e', CONNECT_AND_EXEC, ...args], { stdio: ['pipe', 'pipe', 'inherit'], ...identity });
  await once(createInterface(child.stdout), 'line');
  return child;
}

async function becomes(child: ChildProcess, program: string): Promise<void> {
  child.stdin?.write('\n');
  while (!realpathSync(`/proc/${child.pid}/exe`).endsWith(program)) await new Promise((done) => setImmediate(done));
}

async function end(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

describe('F36: a process that connected and', () => {
  test('stays what it was is attested', async ({ skip }) => {
    if (noPerl !== undefined) return skip(noPerl);
    using folder = openFolder();
    await using server = await serveAttestation(folder.file('s'));
    const child = await connected([folder.file('s'), 'sleep', '600']);
    try {
      expect(await server.attest(await server.nextPeer())).toContain(`unix:uid:${process.geteuid?.()}`);
    } finally {
      await end(child);
    }
  });

  test('ended, its connection left to another, is denied', async ({ skip }) => {
    if (noPerl !== undefined) return skip(noPerl);
    using folder = openFolder();
    await using server = await serveAttestation(folder.file('s'));
    const child = spawn('perl', ['-e', CONNECT_AND_LEAVE, folder.file('s')], { stdio: 'ignore' });
    const peer = await server.nextPeer();
    if (child.exitCode === null) await once(child, 'exit');
    expect(await server.attest(peer)).toBe('denied');
  });

  test('became another program is denied: who holds its connection speaks in the name of that program', async ({
    skip,
  }) => {
    if (noPerl !== undefined) return skip(noPerl);
    using folder = openFolder();
    await using server = await serveAttestation(folder.file('s'));
    const child = await connected([folder.file('s'), 'sleep', '600']);
    try {
      const peer = await server.nextPeer();
      expect(await server.attest(peer)).not.toBe('denied');
      await becomes(child, 'sleep');
      expect(await server.attest(peer)).toBe('denied');
    } finally {
      await end(child);
    }
  });

  test('became a set-user-ID program of root is denied', async ({ skip }) => {
    const obstacle = noPerl ?? noOtherUsers;
    if (obstacle !== undefined) return skip(obstacle);
    using folder = openFolder();
    const program = folder.file('sleep-as-root');
    copyFileSync(realpathSync(findOnPath('sleep') ?? ''), program);
    chmodSync(program, 0o4755);
    await using server = await serveAttestation(folder.file('s'));
    const child = await connected([folder.file('s'), program, '600'], { uid: NOBODY, gid: NOBODY });
    try {
      const peer = await server.nextPeer();
      expect(await server.attest(peer)).toContain(`unix:uid:${NOBODY}`);
      await becomes(child, 'sleep-as-root');
      const isRoot = /^Uid:\t\d+\t0\t/m.test(readFileSync(`/proc/${child.pid}/status`, 'utf8'));
      if (!isRoot) return skip('set-user-ID has no effect in the temporary folder');
      expect(await server.attest(peer)).toBe('denied');
    } finally {
      await end(child);
    }
  });

  test('ended, its id used again by a stranger, is denied, also when that was before the connection was taken', async ({
    skip,
  }) => {
    const obstacle = noPerl ?? noNamespaces;
    if (obstacle !== undefined) return skip(obstacle);
    using folder = openFolder();
    const args = ['--pid', '--fork', '--mount-proc', process.execPath, reusePid, folder.file('s')];
    const { stdout, stderr } = await run('unshare', args);
    const stranger = expect.arrayContaining(['unix:uid:0']);
    expect(JSON.parse(stdout), stderr).toEqual([
      { wasTakenBefore: true, isReused: true, attested: 'denied', stranger },
      { wasTakenBefore: false, isReused: true, attested: 'denied', stranger },
    ]);
  });

  test('has a /proc that hides it is denied', async ({ skip }) => {
    const obstacle = noNamespaces ?? noOtherUsers;
    if (obstacle !== undefined) return skip(obstacle);
    if (findOnPath('setpriv') === undefined) return skip('setpriv is not on the PATH');
    using folder = openFolder();
    chmodSync(folder.path, 0o777);
    const hide =
      'mount -t proc -o hidepid=2 proc /proc && exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"';
    const args = ['--mount', 'sh', '-c', hide, 'sh', process.execPath, attestHidden, folder.file('s')];
    const child = spawn('unshare', args, { stdio: ['ignore', 'pipe', 'inherit'], cwd: '/' });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    await lines.next();
    const socket = connect(folder.file('s'));
    socket.on('error', () => {});
    try {
      const { value } = await lines.next();
      expect(JSON.parse(String(value))).toEqual({ uid: 0, attested: 'denied' });
    } finally {
      socket.destroy();
      await end(child);
    }
  });
});

describe('a caller and an agent in different pid namespaces', () => {
  test('is attested right by an agent that sees it', async ({ skip }) => {
    const obstacle = noPerl ?? noNamespaces;
    if (obstacle !== undefined) return skip(obstacle);
    using folder = openFolder();
    await using server = await serveAttestation(folder.file('s'));
    const inside = ['perl', '-e', CONNECT_AND_EXEC, folder.file('s'), 'true'];
    const identity = ['setpriv', '--reuid', '1234', '--regid', '1235', '--clear-groups'];
    const child = spawn('unshare', ['--pid', '--fork', ...identity, ...inside], { stdio: ['pipe', 'pipe', 'inherit'] });
    try {
      const peer = await server.nextPeer();
      // In its own namespace it is the first process.
      expect(readFileSync(`/proc/${peer.pid}/status`, 'utf8')).toMatch(/^NSpid:\t\d+\t1$/m);
      expect(await server.attest(peer)).toEqual(
        expect.arrayContaining(['unix:uid:1234', 'unix:gid:1235', expect.stringMatching(/^unix:path:.*perl/)]),
      );
    } finally {
      child.stdin.write('\n');
      await once(child, 'exit');
    }
  });

  test('has pid 0 for an agent that does not see it, and is denied', async ({ skip }) => {
    if (noNamespaces !== undefined) return skip(noNamespaces);
    using folder = openFolder();
    const args = ['--pid', '--fork', '--mount-proc', process.execPath, serveNamespace, folder.file('s')];
    const child = spawn('unshare', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    await lines.next();
    const socket = connect(folder.file('s'));
    socket.on('error', () => {});
    socket.resume();
    await once(socket, 'close');
    expect((await lines.next()).value).toBe('the caller is in a pid namespace that cannot be seen');
    await once(child, 'exit');
  });
});
