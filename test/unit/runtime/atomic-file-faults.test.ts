import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AtomicFiles, writeFileAtomic } from '../../../src/lib/runtime/atomic-file.ts';
import { SmallDisk, whyNoMounts } from '../../support/small-disk.ts';

const noMounts = await whyNoMounts();
const isRoot = process.geteuid?.() === 0;
let folder: string;
let at: (name: string) => string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'faults-'));
  at = (name) => join(folder, name);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const modeOf = (path: string): number => statSync(path).mode & 0o7777;
const contents = (path: string): Record<string, string> =>
  Object.fromEntries(readdirSync(path).map((name) => [name, readFileSync(join(path, name), 'utf8')]));

async function writeAll(path: string, texts: Readonly<Record<string, string>>): Promise<void> {
  await using files = new AtomicFiles();
  for (const [name, text] of Object.entries(texts)) await files.stage(join(path, name), text, { mode: 0o600 });
  await files.commit();
}

describe('files on a disk that fails', () => {
  it('F17: are as they were, with nothing beside them, when the disk is full', async ({ skip }) => {
    if (noMounts !== undefined) return skip(noMounts);
    await using disk = await SmallDisk.mount(256);
    await writeAll(disk.path, { cert: 'old cert', key: 'old key' });
    disk.fill();
    await expect(writeAll(disk.path, { cert: 'new cert', key: 'new key' })).rejects.toMatchObject({
      code: 'io-error',
      message: `write ${disk.path}/cert: no space left on device`,
    });
    disk.free();
    expect(contents(disk.path)).toEqual({ cert: 'old cert', key: 'old key' });
    await writeAll(disk.path, { cert: 'new cert', key: 'new key' });
    expect(contents(disk.path)).toEqual({ cert: 'new cert', key: 'new key' });
  });

  it('F17: are all as they were when only the last of them does not fit', async ({ skip }) => {
    if (noMounts !== undefined) return skip(noMounts);
    await using disk = await SmallDisk.mount(256);
    await writeAll(disk.path, { cert: 'old cert', bundle: 'old bundle' });
    await expect(writeAll(disk.path, { cert: 'new cert', bundle: 'x'.repeat(300 * 1024) })).rejects.toMatchObject({
      code: 'io-error',
      message: `write ${disk.path}/bundle: no space left on device`,
    });
    expect(contents(disk.path)).toEqual({ cert: 'old cert', bundle: 'old bundle' });
  });

  it('F17: are as they were when the disk is read-only', async ({ skip }) => {
    if (noMounts !== undefined) return skip(noMounts);
    await using disk = await SmallDisk.mount(256);
    await writeAll(disk.path, { key: 'old' });
    await disk.makeReadOnly();
    await expect(writeAll(disk.path, { key: 'new' })).rejects.toMatchObject({
      code: 'io-error',
      message: `open ${disk.path}/key: read-only file system`,
    });
    expect(contents(disk.path)).toEqual({ key: 'old' });
  });

  it('are as they were when a folder has the place of one of them', async () => {
    writeFileSync(at('cert'), 'old');
    mkdirSync(at('key'));
    await expect(writeAll(folder, { cert: 'new', key: 'new' })).rejects.toMatchObject({
      code: 'io-error',
      message: `open ${at('key')}: is a directory`,
    });
    expect(readFileSync(at('cert'), 'utf8')).toBe('old');
    expect(readdirSync(folder).sort()).toEqual(['cert', 'key']);
  });
});

describe('what a killed process left beside a file', () => {
  const leftover = '.key.0123456789abcdef.tmp';
  const age = (name: string, seconds: number): void => {
    const then = Date.now() / 1000 - seconds;
    utimesSync(at(name), then, then);
  };

  it('F17: is removed by the next write of that file', async () => {
    writeFileSync(at(leftover), 'half a key');
    age(leftover, 120);
    await writeFileAtomic(at('key'), 'new', { mode: 0o600 });
    expect(contents(folder)).toEqual({ key: 'new' });
  });

  it('stays while it may still be written by another process', async () => {
    writeFileSync(at(leftover), 'half a key');
    age(leftover, 5);
    await writeFileAtomic(at('key'), 'new', { mode: 0o600 });
    expect(readdirSync(folder).sort()).toEqual([leftover, 'key']);
  });

  it('is told from files of others, of any age', async () => {
    const others = ['.key.tmp', '.key.0123456789abcdef.tmp.bak', '.key2.0123456789abcdef.tmp', 'key.0123456789abcdef'];
    for (const name of others) {
      writeFileSync(at(name), 'mine');
      age(name, 3600);
    }
    mkdirSync(at(leftover));
    age(leftover, 3600);
    await writeFileAtomic(at('key'), 'new', { mode: 0o600 });
    expect(readdirSync(folder).sort()).toEqual([...others, leftover, 'key'].sort());
  });

  it('stays when it is of another user', async ({ skip }) => {
    if (!isRoot) return skip('only root can make the file of another user');
    writeFileSync(at(leftover), 'x');
    chownSync(at(leftover), 12_345, 12_345);
    age(leftover, 3600);
    await writeFileAtomic(at('key'), 'new', { mode: 0o600 });
    expect(readdirSync(folder)).toContain(leftover);
  });
});

describe('F19: where a file is to be written stands', () => {
  it('a hard link: the other name keeps the old content and its mode', async () => {
    writeFileSync(at('other'), 'old');
    chmodSync(at('other'), 0o644);
    linkSync(at('other'), at('key'));
    await writeFileAtomic(at('key'), 'secret', { mode: 0o600 });
    expect([readFileSync(at('other'), 'utf8'), modeOf(at('other'))]).toEqual(['old', 0o644]);
    expect([readFileSync(at('key'), 'utf8'), modeOf(at('key'))]).toEqual(['secret', 0o600]);
  });

  it('a FIFO: it is replaced, and nobody waits for its reader', async () => {
    spawnSync('mkfifo', [at('key')]);
    await writeFileAtomic(at('key'), 'secret', { mode: 0o600 });
    expect([lstatSync(at('key')).isFile(), modeOf(at('key'))]).toEqual([true, 0o600]);
  });

  it('a file of another user: it is replaced by one of ours, which that user cannot read', async ({ skip }) => {
    if (!isRoot) return skip('only root can make the file of another user');
    writeFileSync(at('key'), 'old');
    chmodSync(at('key'), 0o666);
    chownSync(at('key'), 12_345, 12_345);
    await writeFileAtomic(at('key'), 'secret', { mode: 0o600 });
    expect([statSync(at('key')).uid, modeOf(at('key'))]).toEqual([0, 0o600]);
  });

  it('a folder of another user: what is in it is ours, and that user cannot read it', async ({ skip }) => {
    if (!isRoot) return skip('only root can make the folder of another user');
    mkdirSync(at('theirs'));
    chownSync(at('theirs'), 12_345, 12_345);
    await writeFileAtomic(at('theirs/key'), 'secret', { mode: 0o600 });
    expect([statSync(at('theirs/key')).uid, modeOf(at('theirs/key'))]).toEqual([0, 0o600]);
    expect(readdirSync(at('theirs'))).toEqual(['key']);
  });

  it('a folder behind a link of our own: the link stays', async () => {
    mkdirSync(at('real'));
    symlinkSync('real', at('link'));
    await writeFileAtomic(join(at('link'), 'key'), 'secret', { mode: 0o600 });
    expect(lstatSync(at('link')).isSymbolicLink()).toBe(true);
    expect(contents(at('real'))).toEqual({ key: 'secret' });
  });

  it.each([0o000, 0o077, 0o777])(
    'whatever the umask is (%o), the file has the mode that was asked for',
    async (umask) => {
      const before = process.umask(umask);
      try {
        await writeFileAtomic(at('key'), 'secret', { mode: 0o600 });
        await writeFileAtomic(at('cert'), 'public', { mode: 0o644 });
      } finally {
        process.umask(before);
      }
      expect([modeOf(at('key')), modeOf(at('cert'))]).toEqual([0o600, 0o644]);
    },
  );
});
