import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeFolder, syncFolder } from '../../../src/lib/runtime/sync-folder.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sync-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('makeFolder', () => {
  it('makes what is missing with the mode, and leaves what is there', async () => {
    await makeFolder(join(folder, 'a/b'), 0o700);
    expect(['a', 'a/b'].map((name) => statSync(join(folder, name)).mode & 0o777)).toEqual([0o700, 0o700]);
    await makeFolder(join(folder, 'a/b/c'), 0o750);
    await makeFolder(join(folder, 'a'), 0o750);
    expect(statSync(join(folder, 'a')).mode & 0o777).toBe(0o700);
  });

  it('takes relative paths and such that end in a slash', async () => {
    const before = process.cwd();
    process.chdir(folder);
    try {
      await makeFolder('./x/y/', 0o700);
    } finally {
      process.chdir(before);
    }
    expect(existsSync(join(folder, 'x/y'))).toBe(true);
  });

  it('says why it cannot', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(makeFolder(join(folder, 'file/x'), 0o700)).rejects.toMatchObject({ code: 'io-error' });
  });
});

describe('syncFolder', () => {
  it('says which folder it cannot reach', async () => {
    await expect(syncFolder(join(folder, 'absent'))).rejects.toMatchObject({
      code: 'io-error',
      message: `sync ${folder}/absent: no such file or directory`,
    });
  });
});
