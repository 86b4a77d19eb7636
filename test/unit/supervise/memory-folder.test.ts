import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isInMemory, MemoryFolder } from '../../../src/lib/supervise/memory-folder.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'memory-folder-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const parentOf = (path: string): string => join(path, `spirekit-exec-${process.geteuid?.() ?? 0}`);

describe('a folder for the keys of one command', () => {
  it('is open to this user alone, and gone in the end', () => {
    let path: string;
    {
      using made = MemoryFolder.open({ candidates: [], named: folder });
      path = made.path;
      expect(lstatSync(path).mode & 0o777).toBe(0o700);
      expect(lstatSync(parentOf(folder)).mode & 0o777).toBe(0o700);
      writeFileSync(join(path, 'key'), 'x');
    }
    expect(existsSync(path)).toBe(false);
  });

  it('is made in memory, or not at all', () => {
    expect(isInMemory(join(folder, 'absent'))).toBe(false);
    expect(() => MemoryFolder.open({ candidates: [join(folder, 'absent')] })).toThrow(/no folder is in memory/);
    if (!isInMemory('/dev/shm')) return;
    using made = MemoryFolder.open({ candidates: [join(folder, 'absent'), '/dev/shm'] });
    expect(made.path).toMatch(/^\/dev\/shm\/spirekit-exec-/);
  });

  it('is not made where another has laid something in its way', () => {
    const elsewhere = join(folder, 'elsewhere');
    mkdirSync(elsewhere);
    symlinkSync(elsewhere, parentOf(folder));
    expect(() => MemoryFolder.open({ candidates: [], named: folder })).toThrow(/is not a folder of this user alone/);
    rmSync(parentOf(folder));
    mkdirSync(parentOf(folder), { mode: 0o755 });
    expect(() => MemoryFolder.open({ candidates: [], named: folder })).toThrow(/is not a folder of this user alone/);
  });

  it('takes away what killed commands have left, and nothing of one that runs', () => {
    using first = MemoryFolder.open({ candidates: [], named: folder });
    const left = join(parentOf(folder), `${process.pid}-1-0123456789abcdef`);
    const other = join(parentOf(folder), 'other');
    for (const path of [left, other]) mkdirSync(path);
    using second = MemoryFolder.open({ candidates: [], named: folder });
    expect(readdirSync(parentOf(folder)).sort()).toEqual(
      [first.path, second.path, other].map((path) => path.slice(parentOf(folder).length + 1)).sort(),
    );
  });
});
