import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, realpathSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { formatSelector } from '../../../src/lib/spiffe/selector.ts';
import { UnixWorkloadAttestor } from '../../../src/lib/unixprocess/unix-workload-attestor.ts';
import { describeWorkloadAttestor } from '../agent/plugin/workloadattestor/workload-attestor-suite.ts';
import { TestFolder } from '../agent/support.ts';

const SLEEP = realpathSync('/bin/sleep');
const isRoot = process.getuid?.() === 0;

/** A process that does nothing until it is disposed of. */
async function startSleeper(
  ids: { readonly uid?: number; readonly gid?: number } = {},
): Promise<{ readonly pid: number } & AsyncDisposable> {
  const child: ChildProcess = spawn(SLEEP, ['600'], { stdio: 'ignore', ...ids });
  await once(child, 'spawn');
  const { pid } = child;
  if (pid === undefined) throw new Error('no process');
  return {
    pid,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

async function attest(attestor: UnixWorkloadAttestor, pid: number): Promise<string[]> {
  return (await attestor.attest(pid)).map(formatSelector);
}

describeWorkloadAttestor('unix', () => new UnixWorkloadAttestor());

describe('the unix workload attestor', () => {
  test('describes this process by its ids', async () => {
    const selectors = await attest(new UnixWorkloadAttestor(), process.pid);
    expect(selectors).toContain(`unix:uid:${process.geteuid?.()}`);
    expect(selectors).toContain(`unix:gid:${process.getegid?.()}`);
    expect(selectors.filter((one) => /unix:(path|sha256):/.test(one))).toEqual([]);
  });

  test('names users and groups from the account files', async () => {
    using folder = new TestFolder();
    const uid = process.geteuid?.();
    const gid = process.getegid?.();
    writeFileSync(folder.file('passwd'), `worker:x:${uid}:${gid}\n`);
    writeFileSync(folder.file('group'), `workers:x:${gid}:\n`);
    const paths = { proc: '/proc', passwd: folder.file('passwd'), group: folder.file('group') };
    const selectors = await attest(new UnixWorkloadAttestor({}, paths), process.pid);
    expect(selectors).toContain('unix:user:worker');
    expect(selectors).toContain('unix:group:workers');
  });

  test('lists supplementary groups by id and name', async () => {
    using folder = new TestFolder();
    mkdirSync(folder.file('42'));
    writeFileSync(folder.file('42/status'), 'Name:\tx\nUid:\t1\t2\t1\t1\nGid:\t3\t4\t3\t3\nGroups:\t4 27 \n');
    writeFileSync(folder.file('passwd'), '');
    writeFileSync(folder.file('group'), 'sudo:x:27:\n');
    const paths = { proc: folder.path, passwd: folder.file('passwd'), group: folder.file('group') };
    expect(await attest(new UnixWorkloadAttestor({}, paths), 42)).toEqual([
      'unix:uid:2',
      'unix:gid:4',
      'unix:supplementary_gid:4',
      'unix:supplementary_gid:27',
      'unix:supplementary_group:sudo',
    ]);
  });

  test('adds path and digest of the program where it is told to', async () => {
    await using sleeper = await startSleeper();
    const selectors = await attest(new UnixWorkloadAttestor({ discoverWorkloadPath: true }), sleeper.pid);
    expect(selectors).toContain(`unix:path:${SLEEP}`);
    const digest = createHash('sha256').update(readFileSync(SLEEP)).digest('hex');
    expect(selectors).toContain(`unix:sha256:${digest}`);
  });

  test('takes no digest with a negative size limit', async () => {
    const config = { discoverWorkloadPath: true, workloadSizeLimitBytes: -1 };
    const selectors = await attest(new UnixWorkloadAttestor(config), process.pid);
    expect(selectors.some((one) => one.startsWith('unix:path:'))).toBe(true);
    expect(selectors.some((one) => one.startsWith('unix:sha256:'))).toBe(false);
  });

  test('fails for a program beyond the size limit', async () => {
    await using sleeper = await startSleeper();
    const config = { discoverWorkloadPath: true, workloadSizeLimitBytes: 10 };
    await expect(new UnixWorkloadAttestor(config).attest(sleeper.pid)).rejects.toMatchObject({
      code: 'internal',
      message: `SHA256 digest: workload /proc/${sleeper.pid}/exe exceeds size limit (${statSync(SLEEP).size} > 10)`,
    });
  });

  test('fails for a process that is no more', async () => {
    const sleeper = await startSleeper();
    await sleeper[Symbol.asyncDispose]();
    await expect(new UnixWorkloadAttestor().attest(sleeper.pid)).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringMatching(/^failed to get process: /),
    });
  });

  test.each([0, -1, 1.5, Number.NaN])('denies process id %s', async (pid) => {
    await expect(new UnixWorkloadAttestor().attest(pid)).rejects.toMatchObject({ code: 'internal' });
  });

  test('fails where the program cannot be read', async () => {
    using folder = new TestFolder();
    mkdirSync(folder.file('42'));
    writeFileSync(folder.file('42/status'), 'Uid:\t1\t1\t1\t1\nGid:\t1\t1\t1\t1\nGroups:\t\n');
    symlinkSync(folder.file('gone'), folder.file('42/exe'));
    const paths = { proc: folder.path, passwd: '/dev/null', group: '/dev/null' };
    const attestor = new UnixWorkloadAttestor({ discoverWorkloadPath: true }, paths);
    await expect(attestor.attest(42)).rejects.toThrow(/^SHA256 digest: /);
  });

  test('tells processes of different users apart', async ({ skip }) => {
    if (!isRoot) return skip('only root can start processes of other users');
    await using first = await startSleeper({ uid: 65_534, gid: 65_534 });
    await using second = await startSleeper({ uid: 1234, gid: 4321 });
    const attestor = new UnixWorkloadAttestor();
    expect(await attest(attestor, first.pid)).toEqual(expect.arrayContaining(['unix:uid:65534', 'unix:gid:65534']));
    expect(await attest(attestor, second.pid)).toEqual(expect.arrayContaining(['unix:uid:1234', 'unix:gid:4321']));
  });
});
