import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/lib/config/config-error.ts';
import { readConfigFile } from '../../../src/lib/config/config-file.ts';
import { readSmallFile } from '../../../src/lib/config/file-access.ts';
import { block } from '../../../src/lib/config/schema/block.ts';
import { string } from '../../../src/lib/config/schema/scalars.ts';

const cwd = mkdtempSync(join(tmpdir(), 'spirekit-config-'));
afterAll(() => rmSync(cwd, { recursive: true }));

const schema = block({ name: string() });

describe('a configuration file', () => {
  it('is read whole up to a limit, and refused beyond it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array(), fc.nat(100), async (bytes, limit) => {
        const path = join(cwd, 'small');
        writeFileSync(path, bytes);
        const read = readSmallFile(path, 'small', { limit }).catch((error: unknown) => error);
        if (bytes.length <= limit)
          expect(Buffer.from(await readSmallFile(path, 'small', { limit }))).toEqual(Buffer.from(bytes));
        else expect(await read).toBeInstanceOf(ConfigError);
      }),
      { numRuns: 50 },
    );
  });

  it('gives the value that stands in it, or that of the variable if it is to be expanded', async () => {
    const word = fc.stringMatching(/^[a-zA-Z0-9 ]*$/);
    await fc.assert(
      fc.asyncProperty(word, word, fc.boolean(), async (text, variable, expandEnv) => {
        writeFileSync(join(cwd, 'a.conf'), `name = "${text}$X"`);
        const options = { flags: { expandEnv }, env: { X: variable }, cwd };
        const { value } = await readConfigFile('a.conf', schema, options);
        expect(value.name).toBe(expandEnv ? text + variable : `${text}$X`);
      }),
      { numRuns: 50 },
    );
  });

  it('of any bytes is read, or refused with its name', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 30 }), async (bytes) => {
        writeFileSync(join(cwd, 'b.conf'), bytes);
        const options = { flags: { expandEnv: false }, env: {}, cwd };
        await readConfigFile('b.conf', schema, options).catch((error: unknown) => {
          expect(error).toMatchObject({ code: 'invalid-config', file: 'b.conf' });
        });
      }),
      { numRuns: 200 },
    );
  });
});
