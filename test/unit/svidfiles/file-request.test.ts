import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';
import { type FileRequest, type FileWords, readFileRequest } from '../../../src/lib/svidfiles/file-request.ts';
import { run } from '../../support/programs.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'request-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const nothing: FileWords = {
  layout: 'helper',
  fileNames: '',
  mode: '',
  keyMode: '',
  owner: '',
  group: '',
  spiffeID: '',
  hint: '',
  index: 0,
  federatedBundles: '',
  addIntermediatesToBundle: false,
  omitExpired: false,
  jwtAudience: [],
  keystorePasswordFile: '',
  keystorePasswordEnv: '',
  keystoreCompat: '',
};

const read = (words: Partial<FileWords>, env: Record<string, string> = {}): Promise<FileRequest> =>
  readFileRequest({ ...nothing, ...words }, { given: new Set(Object.keys(words)), env });

describe('readFileRequest', () => {
  it('has a default for all that is not said', async () => {
    expect(await read({})).toMatchObject({
      plan: { layout: 'helper', choice: {}, names: {}, mode: 0o644, keyMode: 0o600, federated: undefined },
      owner: { uid: undefined, gid: undefined },
      audiences: [],
    });
  });

  it('reads all that is said', async () => {
    const { plan, audiences } = await read({
      layout: 'k8s-tls',
      fileNames: 'cert=c.pem',
      mode: '0440',
      keyMode: '400',
      spiffeID: 'spiffe://example.org/web',
      hint: '',
      index: 0,
      federatedBundles: 'merge',
      jwtAudience: ['a', 'b, c'],
    });
    expect(plan).toMatchObject({
      layout: 'k8s-tls',
      names: { cert: 'c.pem' },
      mode: 0o440,
      keyMode: 0o400,
      choice: { hint: '', index: 0 },
      federated: 'merge',
    });
    expect(plan.choice.spiffeId?.toString()).toBe('spiffe://example.org/web');
    expect(audiences).toEqual([['a'], ['b', 'c']]);
  });

  it('takes a password from a file or a variable, without the end of the line', async () => {
    const file = join(folder, 'password');
    writeFileSync(file, 'with space \r\nmore\n');
    const fromFile = await read({ layout: 'p12', keystorePasswordFile: file });
    expect(fromFile.plan.password).toEqual({ password: 'with space ', strength: 'modern' });
    const fromVariable = await read(
      { layout: 'p12', keystorePasswordEnv: 'STORE', keystoreCompat: 'jdk8' },
      { STORE: 'secret' },
    );
    expect(fromVariable.plan.password).toEqual({ password: 'secret', strength: 'jdk8' });
  });

  it('waits for no writer of a FIFO, and reads no large file', async () => {
    const fifo = join(folder, 'fifo');
    expect((await run('mkfifo', [fifo])).code).toBe(0);
    await expect(read({ layout: 'p12', keystorePasswordFile: fifo })).rejects.toThrow(
      `the file ${fifo} holds no password`,
    );
    const large = join(folder, 'large');
    writeFileSync(large, Buffer.alloc(5000, 'x'));
    await expect(read({ layout: 'p12', keystorePasswordFile: large })).rejects.toThrow('is too large for a password');
  });

  it.each([
    [{ layout: 'pem' }, '-layout is "pem", which is none of spire, helper, k8s-tls, combined, p12, spiffe-fd'],
    [{ federatedBundles: 'all' }, '-federatedBundles is "all", which is none of separate, merge, omit'],
    [{ index: -1 }, '-index counts from 0'],
    [{ mode: 'rw' }, '"rw" is no file mode'],
    [{ spiffeID: 'web' }, 'scheme'],
    [{ jwtAudience: ['a,,b'] }, '-jwtAudience has an audience without a name'],
    [{ jwtAudience: Array.from({ length: 101 }, () => 'a') }, 'asks for more than 100 tokens'],
    [{ layout: 'p12' }, 'the layout p12 needs a password'],
    [{ layout: 'p12', keystorePasswordFile: 'a', keystorePasswordEnv: 'B' }, 'the layout p12 needs a password'],
    [{ layout: 'p12', keystorePasswordEnv: 'ABSENT' }, 'the variable "ABSENT" holds no password'],
    [{ layout: 'p12', keystorePasswordFile: '/absent/file' }, 'open /absent/file: no such file or directory'],
    [{ layout: 'p12', keystorePasswordEnv: 'A', keystoreCompat: 'jdk7' }, 'which is none of modern, jdk8'],
  ] as const)('refuses %j', async (words, reason) => {
    await expect(read(words)).rejects.toThrow(reason);
  });

  it('refuses with a code whatever else is typed', async () => {
    const word = fc.oneof(fc.constant(''), fc.string());
    const words = fc.record({ fileNames: word, mode: word, keyMode: word, spiffeID: word, federatedBundles: word });
    await fc.assert(
      fc.asyncProperty(words, async (typed) => {
        await read(typed).catch((error: unknown) => expect(error).toBeInstanceOf(SpirekitError));
      }),
    );
  });
});
