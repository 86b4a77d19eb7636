import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DataFolder } from '../../../src/lib/server/data-folder.ts';
import { SmallDisk, whyNoMounts } from '../../support/small-disk.ts';

const noMounts = await whyNoMounts();

let root: string;
let folders = 0;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'data-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const newPath = (): string => join(root, String(folders++), 'data');

describe('the data folder of a server', () => {
  test('is made with its parents', async () => {
    const path = newPath();
    using _folder = await DataFolder.open(path);
    expect(statSync(path).isDirectory()).toBe(true);
  });

  test('F27: is refused to a second server, and free again after the first', async () => {
    const path = newPath();
    {
      using _first = await DataFolder.open(path);
      await expect(DataFolder.open(path)).rejects.toMatchObject({
        code: 'failed-precondition',
        message: expect.stringContaining('in use by another server'),
      });
    }
    using _second = await DataFolder.open(path);
  });

  test.each(['keys.json', 'journal.pem', 'bundle.json'])(
    'is refused and not altered when it is of a real SPIRE: %s',
    async (name) => {
      const path = newPath();
      mkdirSync(path, { recursive: true });
      writeFileSync(join(path, name), 'content');
      const before = statSync(join(path, name));
      await expect(DataFolder.open(path)).rejects.toMatchObject({
        code: 'failed-precondition',
        message: expect.stringContaining('belongs to a SPIRE server'),
      });
      expect(readdirSync(path)).toEqual([name]);
      expect(statSync(join(path, name)).ctimeMs).toBe(before.ctimeMs);
    },
  );

  test('is taken again when it is our own, with all that a server leaves there', async () => {
    const path = newPath();
    {
      using folder = await DataFolder.open(path);
      expect(folder.isClaimed).toBe(false);
      await folder.claim();
    }
    writeFileSync(join(path, 'keys.json'), '{}');
    using folder = await DataFolder.open(path);
    expect(folder.isClaimed).toBe(true);
  });

  test('is left without a trace when it was not claimed', async () => {
    const path = newPath();
    {
      using _folder = await DataFolder.open(path);
    }
    expect(readdirSync(path)).toEqual([]);
  });

  test('F18: is refused on a read-only disk, with the reason', async ({ skip }) => {
    if (noMounts !== undefined) return skip(noMounts);
    await using disk = await SmallDisk.mount(256);
    await disk.makeReadOnly();
    await expect(DataFolder.open(disk.path)).rejects.toMatchObject({
      code: 'failed-precondition',
      message: `data folder "${disk.path}" cannot be written: read-only file system`,
    });
  });

  test.each(['', '{', '{"version":', 'null'])('is refused when its marker is damaged: %j', async (text) => {
    const path = newPath();
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'spirekit-server.json'), text);
    await expect(DataFolder.open(path)).rejects.toMatchObject({
      code: 'data-loss',
      message: `data folder "${path}" is damaged: its spirekit-server.json is not as a server writes it; restore a backup`,
    });
  });

  test('is refused when a newer version wrote it', async () => {
    const path = newPath();
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'spirekit-server.json'), '{"version": 2}');
    await expect(DataFolder.open(path)).rejects.toMatchObject({ code: 'failed-precondition' });
  });
});
