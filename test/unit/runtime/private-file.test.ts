import { chmodSync, chownSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readPrivateFile } from '../../../src/lib/runtime/private-file.ts';
import { findOnPath, NOBODY, projectRoot, run, whyNoOtherUsers } from '../../support/programs.ts';

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

  test('says that what is no regular file cannot be ours', async () => {
    await expect(readPrivateFile(folder)).rejects.toMatchObject({ code: 'data-loss' });
  });

  test('F19: does not wait for somebody to write into a FIFO', async ({ skip }) => {
    const path = join(folder, 'fifo');
    if (findOnPath('mkfifo') === undefined) return skip('mkfifo is not on the PATH');
    await run('mkfifo', [path]);
    await expect(readPrivateFile(path)).rejects.toMatchObject({ code: 'data-loss' });
  });

  test.skipIf(process.getuid?.() !== 0)("F19: refuses another user's file (needs root)", async () => {
    const path = join(folder, 'foreign');
    writeFileSync(path, 'kept', { mode: 0o600 });
    chownSync(path, NOBODY, NOBODY);
    await expect(readPrivateFile(path)).rejects.toMatchObject({
      code: 'failed-precondition',
      message: expect.stringContaining(`belongs to another user (uid ${NOBODY})`),
    });
    expect(statSync(path).uid).toBe(NOBODY);
  });

  test('names the user that a file must belong to if it cannot be opened', async ({ skip }) => {
    const path = join(folder, 'shut');
    writeFileSync(path, '', { mode: 0 });
    if (process.getuid?.() !== 0) {
      await expect(readPrivateFile(path)).rejects.toThrow(`must belong to uid ${process.getuid?.()}`);
      return;
    }
    // Root can open every file, so somebody else tries.
    const obstacle = await whyNoOtherUsers();
    if (obstacle !== undefined) return skip(obstacle);
    chmodSync(folder, 0o755);
    const source = pathToFileURL(join(projectRoot, 'src/lib/runtime/private-file.ts')).href;
    const script = `import { readPrivateFile } from ${JSON.stringify(source)};
      await readPrivateFile(${JSON.stringify(path)}).catch((error) => console.log(error.message));`;
    const tried = await run(process.execPath, ['--input-type=module', '-e', script], {
      uid: NOBODY,
      gid: NOBODY,
      cwd: '/',
    });
    expect(tried.stdout).toContain(`must belong to uid ${NOBODY}`);
  });
});
