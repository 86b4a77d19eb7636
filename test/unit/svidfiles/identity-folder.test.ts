import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { IdentityFile } from '../../../src/lib/svidfiles/identity-file.ts';
import { IdentityFolder } from '../../../src/lib/svidfiles/identity-folder.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { run } from '../../support/programs.ts';
import { SmallDisk, whyNoMounts } from '../../support/small-disk.ts';

const whyNoRoot = process.geteuid?.() === 0 ? '' : ' (only root can make files of other users)';
const noMounts = await whyNoMounts();

let parent: string;
let path: string;
let clock: ManualClock;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'folder-'));
  path = join(parent, 'id');
  clock = new ManualClock();
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

const open = (): Promise<IdentityFolder> => IdentityFolder.open(path, { clock });

/** Two files of a version, one of them secret. */
const version = (text: string, names = ['cert', 'key']): IdentityFile[] =>
  names.map((name) => ({
    name,
    role: name === 'key' ? 'key' : 'cert',
    data: `${name} ${text}`,
    mode: name === 'key' ? 0o600 : 0o644,
  }));

const read = (name: string): string => readFileSync(join(path, name), 'utf8');
const modeOf = (name: string): number => statSync(join(path, name)).mode & 0o7777;
const generations = (): string[] => readdirSync(path).filter((name) => /^\.\.\d/.test(name));
const plainNames = (): string[] =>
  readdirSync(path)
    .filter((name) => !name.startsWith('..'))
    .sort();

describe('IdentityFolder', () => {
  it('makes the folder and puts all files in place as links through one link', async () => {
    await using folder = await open();
    expect(await folder.write(version('1'))).toBe(true);
    expect([read('cert'), read('key')]).toEqual(['cert 1', 'key 1']);
    expect([readlinkSync(join(path, 'cert')), readlinkSync(join(path, 'key'))]).toEqual(['..data/cert', '..data/key']);
    expect(readlinkSync(join(path, '..data'))).toBe(generations()[0]);
    expect(modeOf('.')).toBe(0o755);
  });

  it('changes them together, and keeps the version before until the next change', async () => {
    await using folder = await open();
    await folder.write(version('1'));
    const first = realpathSync(join(path, '..data'));
    await folder.write(version('2'));
    expect([read('cert'), read('key')]).toEqual(['cert 2', 'key 2']);
    expect(readFileSync(join(first, 'key'), 'utf8')).toBe('key 1');
    await folder.write(version('3'));
    expect(existsSync(first)).toBe(false);
    expect(generations()).toHaveLength(2);
  });

  it('F20: who resolves the folder once finds files of one version, whenever that is', async () => {
    await using folder = await open();
    await folder.write(version('0'));
    const seen = new Set<string>();
    let isOver = false;
    const reading = (async () => {
      while (!isOver) {
        const generation = realpathSync(join(path, '..data'));
        const [cert, key] = ['cert', 'key'].map((name) => readFileSync(join(generation, name), 'utf8').split(' ')[1]);
        expect(cert).toBe(key);
        seen.add(cert ?? '');
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    for (let rotation = 1; rotation <= 15; rotation += 1) await folder.write(version(`${rotation}`));
    isOver = true;
    await reading;
    expect(seen.size).toBeGreaterThan(1);
  });

  it('leaves everything alone when nothing has changed, also after a restart', async () => {
    {
      await using folder = await open();
      await folder.write(version('1'));
      expect(await folder.write(version('1'))).toBe(false);
    }
    await using again = await open();
    expect(await again.write(version('1'))).toBe(false);
    expect(generations()).toHaveLength(1);
  });

  it('writes anew what somebody has changed, widened or removed', async () => {
    await using folder = await open();
    await folder.write(version('1'));
    const harms = [
      () => chmodSync(join(path, 'key'), 0o666),
      () => writeFileSync(join(path, 'cert'), 'other'),
      () => rmSync(join(path, 'key')),
      () => rmSync(realpathSync(join(path, 'key'))),
    ];
    for (const harm of harms) {
      harm();
      expect(await folder.write(version('1'))).toBe(true);
      expect([read('cert'), read('key'), modeOf('key')]).toEqual(['cert 1', 'key 1', 0o600]);
    }
  });

  it('removes with the change what an earlier layout has left, and nothing else', async () => {
    await using folder = await open();
    await folder.write(version('1', ['svid.0.pem', 'key', 'federated']));
    writeFileSync(join(path, 'README'), 'of somebody else');
    symlinkSync('README', join(path, 'link'));
    await folder.write(version('2', ['tls.crt', 'key']));
    expect(plainNames()).toEqual(['README', 'key', 'link', 'tls.crt']);
  });

  it('takes over files of another program together with the others', async () => {
    mkdirSync(path);
    writeFileSync(join(path, 'cert'), 'old cert', { mode: 0o644 });
    writeFileSync(join(path, 'key'), 'old key', { mode: 0o666 });
    linkSync(join(path, 'key'), join(parent, 'elsewhere'));
    await using folder = await open();
    await folder.write(version('1'));
    expect([read('cert'), read('key'), modeOf('key')]).toEqual(['cert 1', 'key 1', 0o600]);
    // F19: what else has the same file by a hard link is not written through.
    expect(readFileSync(join(parent, 'elsewhere'), 'utf8')).toBe('old key');
  });

  it('F19: refuses a name that is taken by a folder, a FIFO or a link of somebody, and changes nothing', async () => {
    await using folder = await open();
    await folder.write(version('1', ['cert']));
    const takings = [
      () => mkdirSync(join(path, 'key')),
      () => symlinkSync('/etc/hostname', join(path, 'key')),
      async () => expect((await run('mkfifo', [join(path, 'key')])).code).toBe(0),
    ];
    for (const take of takings) {
      await take();
      await expect(folder.write(version('2'))).rejects.toMatchObject({
        code: 'failed-precondition',
        message: `write to ${path}: ${path}/key is there and was not made by this program: move it away, or take another folder`,
      });
      expect([read('cert'), generations().length]).toEqual(['cert 1', 1]);
      rmSync(join(path, 'key'), { recursive: true });
    }
  });

  it(`F19: refuses a folder of another user, and one behind a link of another user${whyNoRoot}`, async ({ skip }) => {
    if (whyNoRoot !== '') return skip(whyNoRoot);
    mkdirSync(path);
    symlinkSync('id', join(parent, 'link'));
    lchownSync(join(parent, 'link'), 12_345, 12_345);
    for (const through of [join(parent, 'link'), join(parent, 'link/deeper')]) {
      await expect(IdentityFolder.open(through, { clock })).rejects.toMatchObject({ code: 'permission-denied' });
    }
    chownSync(path, 12_345, 12_345);
    await expect(open()).rejects.toMatchObject({
      code: 'permission-denied',
      message: `open ${path}: it belongs to another user (uid 12345), who could change what is written: give it to uid 0 by chown`,
    });
    expect(readdirSync(path)).toEqual([]);
  });

  it('refuses a `..data` that it has not made, such as one of the kubelet', async () => {
    mkdirSync(join(path, '..2026_01_01_00_00_00.123456'), { recursive: true });
    symlinkSync('..2026_01_01_00_00_00.123456', join(path, '..data'));
    await expect(open()).rejects.toMatchObject({ code: 'failed-precondition' });
  });

  it('F19: gives exactly the modes asked for with any umask', async () => {
    const before = process.umask();
    try {
      for (const umask of [0o000, 0o077, 0o777]) {
        process.umask(umask);
        path = join(parent, `id-${umask}`);
        await using folder = await open();
        await folder.write(version('1'));
        expect([modeOf('cert'), modeOf('key'), modeOf('.'), modeOf('..data')]).toEqual([0o644, 0o600, 0o755, 0o755]);
      }
    } finally {
      process.umask(before);
    }
  });

  it(`gives files to whom they are for${whyNoRoot}`, async ({ skip }) => {
    if (whyNoRoot !== '') return skip(whyNoRoot);
    await using folder = await IdentityFolder.open(path, { clock, owner: { uid: 12_345, gid: 54_321 } });
    await folder.write(version('1'));
    const { uid, gid, mode } = statSync(join(path, 'key'));
    expect([uid, gid, mode & 0o7777]).toEqual([12_345, 54_321, 0o600]);
    expect(await folder.write(version('1'))).toBe(false);
    expect(lstatSync(join(path, 'key')).uid).toBe(0);
  });

  it('keeps a second writer out until the first has let go', async () => {
    {
      await using _folder = await open();
      await expect(open()).rejects.toMatchObject({
        code: 'failed-precondition',
        message: `another process writes to ${path}: stop it, or take another folder`,
      });
    }
    await using _again = await open();
  });

  it('writes one version after the other, in the order of the calls', async () => {
    await using folder = await open();
    const all = await Promise.all(['1', '2', '3'].map((text) => folder.write(version(text))));
    expect([all, read('key')]).toEqual([[true, true, true], 'key 3']);
  });

  it('F22: a signal before the change leaves the old files and no litter', async () => {
    await using folder = await open();
    await folder.write(version('1'));
    const before = readdirSync(path);
    await expect(folder.write(version('2', ['cert', 'new']), { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'canceled',
    });
    const controller = new AbortController();
    const writing = folder.write(version('2', ['cert', 'new']), { signal: controller.signal });
    await Promise.resolve();
    controller.abort();
    await expect(writing).rejects.toMatchObject({ code: 'canceled' });
    expect([readdirSync(path), read('key')]).toEqual([before, 'key 1']);
  });

  it.skipIf(noMounts !== undefined)(
    `F17: a full disk leaves the old files and no litter${noMounts ? ` (${noMounts})` : ''}`,
    async () => {
      await using disk = await SmallDisk.mount(256);
      path = join(disk.path, 'id');
      await using folder = await open();
      await folder.write(version('1'));
      const before = readdirSync(path);
      disk.fill();
      await expect(folder.write(version('2'))).rejects.toMatchObject({
        code: 'io-error',
        message: `write to ${path}: no space left on device`,
      });
      expect([readdirSync(path), read('cert'), read('key')]).toEqual([before, 'cert 1', 'key 1']);
      disk.free();
      expect(await folder.write(version('2'))).toBe(true);
    },
  );

  it('removes what a killed writer has left when it is opened, and keeps a whole version that may be in use', async () => {
    {
      await using folder = await open();
      await folder.write(version('1'));
      clock.advance(1000);
      await folder.write(version('2'));
    }
    const kept = readdirSync(path).sort();
    mkdirSync(join(path, '..2026_01_01_00_00_00_000.00000000'), { mode: 0o700 });
    mkdirSync(join(path, '..2999_01_01_00_00_00_000.00000000'), { mode: 0o700 });
    symlinkSync('..data/later', join(path, 'later'));
    symlinkSync('x', join(path, '..link.0123456789abcdef.tmp'));
    await using _folder = await open();
    expect(readdirSync(path).sort()).toEqual(kept);
  });

  it('takes everything away that it has made', async () => {
    await using folder = await open();
    expect(await folder.clear()).toBe(false);
    await folder.write(version('1'));
    await folder.write(version('2'));
    writeFileSync(join(path, 'README'), 'of somebody else');
    expect(await folder.clear()).toBe(true);
    expect(readdirSync(path)).toEqual(['README']);
    expect(await folder.write(version('3'))).toBe(true);
  });
});
