import { readdirSync, statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { lockDataFolder } from '../../../../src/lib/agent/storage/data-folder.ts';
import { TestFolder } from '../support.ts';

describe('the data folder of an agent', () => {
  test('is made, and nothing in it', async () => {
    using folder = new TestFolder();
    using _lock = await lockDataFolder(folder.file('a/data'));
    expect(readdirSync(folder.file('a/data'))).toEqual([]);
    expect(statSync(folder.file('a/data')).mode & 0o007).toBe(0);
  });

  test('is refused to a second agent with what to do, and free again after the first', async () => {
    using folder = new TestFolder();
    {
      using _first = await lockDataFolder(folder.path);
      await expect(lockDataFolder(folder.path)).rejects.toMatchObject({
        code: 'failed-precondition',
        message: `data folder "${folder.path}" is in use by another agent; stop that one first, or give this one a data_dir of its own`,
      });
    }
    using _second = await lockDataFolder(folder.path);
  });
});
