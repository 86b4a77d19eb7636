import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SERVER_FILES } from '../../scripts/proofs/data-folder-files.ts';
import { readRun } from '../../scripts/proofs/kill-points/kill-position.ts';
import { checkModes } from '../../scripts/proofs/kill-points/state-files.ts';
import { parseTrace } from '../../scripts/proofs/kill-points/traced-call.ts';

const ONE_THREAD = `openat(AT_FDCWD</work>, "/data/.keys.json.0123456789abcdef.tmp", O_WRONLY|O_CREAT|O_EXCL, 0600) = 22</data/.keys.json.0123456789abcdef.tmp>
write(19<anon_inode:[eventfd]>, ""..., 8) = 8
openat(AT_FDCWD</work>, "/data", O_RDONLY|O_DIRECTORY) = 23</data>
write(22</data/.keys.json.0123456789abcdef.tmp>, ""..., 314) = 314
writev(25<TCP:[127.0.0.1:8081->127.0.0.1:4000]>, [{iov_base=""..., iov_len=9}], 1) = 9
fsync(22</data/.keys.json.0123456789abcdef.tmp>) = 0
fsync(22</data.saved/keys.json>) = 0
rename("/data/.keys.json.0123456789abcdef.tmp", "/data/keys.json") = ?
+++ killed by SIGKILL +++
`;

describe('a trace of one thread', () => {
  const calls = parseTrace(ONE_THREAD, '');
  const run = readRun(calls, '/data');

  it('holds its calls in order, the last one not done', () => {
    expect(calls.map(({ name }) => name)).toEqual([
      'openat',
      'write',
      'openat',
      'write',
      'writev',
      'fsync',
      'fsync',
      'rename',
    ]);
    expect(calls.filter(({ isDone }) => !isDone)).toEqual([calls.at(-1)]);
  });

  it('counts what changes files of the folder and what is sent to somebody, and nothing else', () => {
    expect(run.targets.map(({ call, when, isChange }) => [call.name, when, isChange])).toEqual([
      ['openat', 1, true],
      ['write', 2, true],
      ['writev', 1, false],
      ['fsync', 1, true],
    ]);
  });

  it('tells how far the thread was when it was killed', () => {
    expect(run.targets.map(({ position }) => position)).toEqual([
      { changes: 0, answers: 0 },
      { changes: 1, answers: 0 },
      { changes: 2, answers: 0 },
      { changes: 2, answers: 1 },
    ]);
    expect(run.killedAt?.call.name).toBe('rename');
    expect(run.killedAt?.position).toEqual({ changes: 3, answers: 0 });
  });
});

describe('a trace of all threads', () => {
  it('is read for the thread of a name, calls that others interrupt too', () => {
    const calls = parseTrace(
      `10<MainThread> write(1<pipe:[7]>, ""..., 5) = 5
11<libuv-worker> fsync(22</data/a> <unfinished ...>
10<MainThread> write(1<pipe:[7]>, ""..., 5) = 5
11<libuv-worker> <... fsync resumed>) = 0
11<libuv-worker> rename("/data/a", "/data/b" <unfinished ...>
10<MainThread> +++ killed by SIGKILL +++
11<libuv-worker> <... rename resumed>) = ?
11<libuv-worker> +++ killed by SIGKILL +++
`,
      'libuv-worker',
    );
    expect(calls.map(({ name, isDone }) => [name, isDone])).toEqual([
      ['fsync', true],
      ['rename', false],
    ]);
  });
});

describe('the modes of what a killed server leaves', () => {
  const check = (name: string, mode: number): unknown => {
    const folder = mkdtempSync(join(tmpdir(), 'spirekit-modes-'));
    try {
      writeFileSync(join(folder, name), '');
      chmodSync(join(folder, name), mode);
      checkModes(folder, SERVER_FILES);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : error;
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  it.each([
    ['keys.json', 0o600],
    ['.keys.json.0123456789abcdef.tmp', 0o600],
    ['datastore.sqlite3-wal', 0o640],
  ])('%s may have %o', (name, mode) => {
    expect(check(name, mode)).toBeUndefined();
  });

  it.each([
    ['keys.json', 0o640, 'keys.json has mode 640'],
    ['.keys.json.0123456789abcdef.tmp', 0o604, '.keys.json.0123456789abcdef.tmp has mode 604'],
    ['keys.json.tmp', 0o600, 'there is a file keys.json.tmp'],
  ])('%s with %o is found', (name, mode, message) => {
    expect(check(name, mode)).toBe(message);
  });
});
