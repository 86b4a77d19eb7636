import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readInput, readInputFile, readInputStream } from '../../../src/lib/cli/input-file.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'input-file-'));
});
afterEach(() => rm(folder, { recursive: true }));

const stream = (...chunks: string[]) => Readable.from(chunks.map((chunk) => Buffer.from(chunk)));

describe('readInput', () => {
  it('reads the file that is named, or stdin for a dash', async () => {
    const path = join(folder, 'data.json');
    await writeFile(path, 'from the file');
    expect(Buffer.from(await readInput(path, stream('from stdin'))).toString()).toBe('from the file');
    expect(Buffer.from(await readInput('-', stream('from', ' stdin'))).toString()).toBe('from stdin');
  });
});

describe('readInputFile', () => {
  it('says in the words of Go what is wrong with the file', async () => {
    const path = join(folder, 'missing.json');
    await expect(readInputFile(path)).rejects.toMatchObject({
      code: 'io-error',
      message: `open ${path}: no such file or directory`,
    });
    await expect(readInputFile(folder)).rejects.toMatchObject({
      code: 'io-error',
      message: `read ${folder}: is a directory`,
    });
  });

  it('refuses a file beyond the limit', async () => {
    const path = join(folder, 'data.json');
    await writeFile(path, '12345');
    await expect(readInputFile(path, { maxBytes: 4 })).rejects.toMatchObject({ code: 'resource-exhausted' });
    expect(await readInputFile(path, { maxBytes: 5 })).toHaveLength(5);
  });
});

describe('readInputStream', () => {
  it('stops reading at the limit, however much more there is', async () => {
    const endless = Readable.from(
      (function* () {
        for (;;) yield Buffer.alloc(1024);
      })(),
    );
    await expect(readInputStream(endless, { maxBytes: 10_000 })).rejects.toMatchObject({ code: 'resource-exhausted' });
    expect(endless.destroyed).toBe(true);
  });

  it('stops when told to', async () => {
    const reason = new Error('stop');
    await expect(readInputStream(stream('a'), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
