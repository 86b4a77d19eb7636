import {
  chmodSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AtomicFiles, writeFileAtomic } from '../../../src/lib/runtime/atomic-file.ts';

const isRoot = process.geteuid?.() === 0;
let folder: string;
let at: (name: string) => string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atomic-'));
  at = (name) => join(folder, name);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const modeOf = (path: string): number => statSync(path).mode & 0o7777;

describe('writeFileAtomic', () => {
  it('writes any content with exactly the mode asked for, whatever the umask', async () => {
    const before = process.umask();
    try {
      await fc.assert(
        fc.asyncProperty(
          fc.uint8Array({ maxLength: 5000 }),
          fc.constantFrom(0o600, 0o640, 0o644, 0o400),
          fc.constantFrom(0, 0o022, 0o077),
          async (content, mode, umask) => {
            process.umask(umask);
            await writeFileAtomic(at('f'), content, { mode });
            expect(modeOf(at('f'))).toBe(mode);
            expect(Buffer.compare(readFileSync(at('f')), content)).toBe(0);
          },
        ),
        { numRuns: 30 },
      );
    } finally {
      process.umask(before);
    }
    expect(readdirSync(folder)).toEqual(['f']);
  });

  it('narrows a file that was open to everybody', async () => {
    writeFileSync(at('key'), 'old');
    chmodSync(at('key'), 0o666);
    await writeFileAtomic(at('key'), 'new', { mode: 0o600 });
    expect([modeOf(at('key')), readFileSync(at('key'), 'utf8')]).toEqual([0o600, 'new']);
  });

  it('puts another file in place, so that whoever has the old one open keeps its content', async () => {
    writeFileSync(at('f'), 'old');
    const before = statSync(at('f')).ino;
    await writeFileAtomic(at('f'), 'new', { mode: 0o644 });
    expect(statSync(at('f')).ino).not.toBe(before);
  });

  it('says what Go says when the folder is missing or is a file', async () => {
    const missing = at('absent/f');
    await expect(writeFileAtomic(missing, '', { mode: 0o644 })).rejects.toMatchObject({
      code: 'io-error',
      message: `open ${missing}: no such file or directory`,
    });
    writeFileSync(at('plain'), '');
    await expect(writeFileAtomic(at('plain/f'), '', { mode: 0o644 })).rejects.toThrow(
      `open ${at('plain/f')}: not a directory`,
    );
  });

  it('leaves nothing behind when the place is taken by a folder', async () => {
    mkdirSync(at('taken'));
    await expect(writeFileAtomic(at('taken'), 'x', { mode: 0o644 })).rejects.toThrow('is a directory');
    expect(readdirSync(folder)).toEqual(['taken']);
  });

  it('writes what a link of our own names and keeps the link', async () => {
    mkdirSync(at('real'));
    symlinkSync('real/f', at('link'));
    await writeFileAtomic(at('link'), 'x', { mode: 0o600 });
    expect(readlinkSync(at('link'))).toBe('real/f');
    expect(readFileSync(at('real/f'), 'utf8')).toBe('x');
  });

  it('follows a path with .. behind a link as the system does', async () => {
    mkdirSync(at('deep/er'), { recursive: true });
    symlinkSync('deep/er', at('link'));
    await writeFileAtomic(`${folder}/link/../f`, 'x', { mode: 0o600 });
    expect(readFileSync(at('deep/f'), 'utf8')).toBe('x');
  });

  it('gives up on links that lead nowhere but to themselves', async () => {
    symlinkSync('loop', at('loop'));
    await expect(writeFileAtomic(at('loop'), 'x', { mode: 0o600 })).rejects.toThrow(
      'too many levels of symbolic links',
    );
  });

  it('refuses to write through a link that another user made', async ({ skip }) => {
    if (!isRoot) return skip('only root can make the link of another user');
    mkdirSync(at('real'));
    symlinkSync('real/f', at('file-link'));
    symlinkSync('real', at('folder-link'));
    for (const link of ['file-link', 'folder-link']) lchownSync(at(link), 12_345, 12_345);
    for (const path of [at('file-link'), at('folder-link/f')]) {
      await expect(writeFileAtomic(path, 'key', { mode: 0o600 })).rejects.toMatchObject({ code: 'permission-denied' });
    }
    expect(readdirSync(at('real'))).toEqual([]);
  });
});

describe('AtomicFiles', () => {
  it('changes nothing before commit and everything with it', async () => {
    writeFileSync(at('a'), 'old');
    await using files = new AtomicFiles();
    await files.stage(at('a'), 'new', { mode: 0o644 });
    await files.stage(at('b'), 'new', { mode: 0o600 });
    expect([readFileSync(at('a'), 'utf8'), existsSync(at('b'))]).toEqual(['old', false]);
    await files.commit();
    expect([readFileSync(at('a'), 'utf8'), readFileSync(at('b'), 'utf8')]).toEqual(['new', 'new']);
    expect(readdirSync(folder).sort()).toEqual(['a', 'b']);
  });

  it('removes what was staged when one of the files fails', async () => {
    const stageAll = async (): Promise<void> => {
      await using files = new AtomicFiles();
      await files.stage(at('a'), 'new', { mode: 0o644 });
      await files.stage(at('absent/b'), 'new', { mode: 0o644 });
    };
    await expect(stageAll()).rejects.toThrow('no such file or directory');
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('a file that has to be new', () => {
  const write = (name: string) => writeFileAtomic(at(name), 'new', { mode: 0o600, isNew: true });

  it('is written with its mode where there is none', async () => {
    await write('f');
    expect(readFileSync(at('f'), 'utf8')).toBe('new');
    expect(modeOf(at('f'))).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['f']);
  });

  it('takes the place of nothing: not of a file, a folder or a link, wherever that leads', async () => {
    writeFileSync(at('file'), 'old');
    mkdirSync(at('folder'));
    symlinkSync(at('absent'), at('dangling'));
    symlinkSync(at('file'), at('link'));
    const before = readdirSync(folder).sort();
    for (const name of before) {
      await expect(write(name)).rejects.toMatchObject({ message: expect.stringContaining(`open ${at(name)}: `) });
    }
    await expect(write('file')).rejects.toMatchObject({ code: 'already-exists' });
    expect(readdirSync(folder).sort()).toEqual(before);
    expect(readFileSync(at('file'), 'utf8')).toBe('old');
  });

  it('loses against one that comes meanwhile', async () => {
    await using files = new AtomicFiles();
    await files.stage(at('f'), 'new', { mode: 0o600, isNew: true });
    writeFileSync(at('f'), 'theirs');
    await expect(files.commit()).rejects.toMatchObject({ code: 'already-exists' });
    expect(readFileSync(at('f'), 'utf8')).toBe('theirs');
  });
});
