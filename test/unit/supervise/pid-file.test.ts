import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PidFile, parsePid } from '../../../src/lib/supervise/pid-file.ts';
import { NOBODY } from '../../support/programs.ts';
import { withoutRights } from '../../support/without-rights.ts';

let folder: string;
let path: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pid-file-'));
  path = join(folder, 'd.pid');
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function start(): ChildProcess {
  const child = spawn('sleep', ['600']);
  children.push(child);
  return child;
}

describe('parsePid', () => {
  it.each([
    ['42\n', 42],
    ['42', 42],
    [' 42 \r\n', 42],
    // PostgreSQL's has more below.
    ['42\n/var/lib/postgresql\n1700000000\n', 42],
    ['2147483647', 2_147_483_647],
  ])('reads %j', (text, pid) => expect(parsePid(text)).toBe(pid));

  it.each(['', '0', '-1', '+1', '1 2', '1e3', '0x10', '2147483648', '\n42', 'x42', '4\u00002'])(
    'finds none in %j',
    (text) => expect(parsePid(text)).toBeUndefined(),
  );

  it('reads every pid that is written, and never names more than one process', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 31 - 1 }), (pid) => parsePid(`${pid}\n`) === pid));
    fc.assert(fc.property(fc.string(), (text) => (parsePid(text) ?? 1) > 0));
  });
});

describe('a pid file', () => {
  it('leads to its process, and to another one as soon as it says so', async () => {
    const file = new PidFile(path);
    for (const child of [start(), start()]) {
      writeFileSync(path, `${child.pid}\n`);
      const ended = once(child, 'exit');
      expect(file.send('SIGTERM')).toBe(child.pid);
      expect(await ended).toEqual([null, 'SIGTERM']);
    }
  });

  it('F21: a pid that was given to a process that started after the file was written is told nothing', async () => {
    const child = start();
    writeFileSync(path, `${child.pid}\n`);
    const old = new Date(Date.now() - 60_000);
    utimesSync(path, old, old);
    expect(() => new PidFile(path).send('SIGTERM')).toThrow(/given to another process/);
    expect(child.signalCode).toBeNull();
  });

  it('that is not there, is no file or holds no pid is said to be so', () => {
    expect(() => new PidFile(path).send('SIGTERM')).toThrow(/open .*d\.pid: no such file/);
    expect(() => new PidFile(folder).send('SIGTERM')).toThrow(/is not a file/);
    writeFileSync(path, '0\n');
    expect(() => new PidFile(path).send('SIGTERM')).toThrow(/does not begin with a pid/);
  });

  it('of a process that has ended leads to nobody', async () => {
    const child = start();
    child.kill('SIGKILL');
    await once(child, 'exit');
    writeFileSync(path, `${child.pid}`);
    expect(() => new PidFile(path).send('SIGTERM')).toThrow(/there is no process/);
  });

  it.skipIf(process.getuid?.() !== 0)('of a third user does not lead root to a process (needs root)', () => {
    const child = start();
    writeFileSync(path, `${child.pid}`);
    chownSync(path, NOBODY, NOBODY);
    expect(() => new PidFile(path).send('SIGTERM')).toThrow(/belongs to user 65534, and process/);
  });

  it('of a process of another user is told so', async () => {
    writeFileSync(path, '1');
    chmodSync(dirname(path), 0o755);
    await withoutRights(() => {
      expect(() => new PidFile(path).send('SIGTERM')).toThrow(/belongs to user 0|started after/);
    });
  });
});
