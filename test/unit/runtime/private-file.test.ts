import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readPrivateFile } from '../../../src/lib/runtime/private-file.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'private-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('readPrivateFile', () => {
  test('gives the text, and nothing for a file that is not there', async () => {
    const path = join(folder, 'text');
    writeFileSync(path, 'kept');
    expect(await readPrivateFile(path)).toBe('kept');
    expect(await readPrivateFile(join(folder, 'missing'))).toBeUndefined();
  });

  test('takes away what others may do with the file', async () => {
    const path = join(folder, 'open');
    writeFileSync(path, '', { mode: 0o644 });
    await readPrivateFile(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('refuses a file too large to be ours without reading it', async () => {
    const path = join(folder, 'large');
    writeFileSync(path, '');
    truncateSync(path, 4 * 1024 * 1024 + 1);
    await expect(readPrivateFile(path)).rejects.toMatchObject({ code: 'data-loss' });
  });

  test('says io-error for what is no file', async () => {
    await expect(readPrivateFile(folder)).rejects.toMatchObject({ code: 'io-error' });
  });
});
