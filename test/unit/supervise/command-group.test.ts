import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/lib/runtime/clock.ts';
import { CommandGroup } from '../../../src/lib/supervise/command-group.ts';
import { runHook } from '../../../src/lib/supervise/hook.ts';
import { isAlive, until } from './until.ts';

let folder: string;
const clock = systemClock;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'command-group-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function start(line: string): CommandGroup {
  return CommandGroup.start('/bin/sh', ['-c', line], { env: process.env, clock, streams: 'to-stderr' });
}

/** The pid that a command has written. */
async function pidIn(name: string): Promise<number> {
  const path = join(folder, name);
  return Number(await until(() => /^(\d+)\n/.exec(readFileSync(path, 'utf8'))?.[1]));
}

describe('a command in a group of its own', () => {
  it.each([
    ['exit 3', 3],
    ['kill -TERM $$', 143],
    [':', 0],
  ])('ends as a shell says (%s)', async (line, exitCode) => {
    expect(await start(line).ended).toMatchObject({ exitCode });
  });

  it('that is not there, or may not be run, exits with 127 or 126', async () => {
    const options = { env: process.env, clock, streams: 'to-stderr' } as const;
    const absent = CommandGroup.start(join(folder, 'absent'), [], options);
    expect(await absent.stop(0)).toMatchObject({ exitCode: 127, startFailure: `${folder}/absent: command not found` });
    writeFileSync(join(folder, 'plain'), 'x', { mode: 0o600 });
    const plain = CommandGroup.start(join(folder, 'plain'), [], options);
    expect(await plain.ended).toMatchObject({ exitCode: 126, startFailure: `${folder}/plain: permission denied` });
    expect(plain.signal('SIGTERM')).toBe(false);
  });

  it('is ended with all that it has started, also what does not mind SIGTERM', async () => {
    const stubborn = `trap "" TERM; sleep 600 & echo $! > ${folder}/grandchild; wait; wait`;
    await using group = start(`sh -c '${stubborn}' & echo $! > ${folder}/child; wait`);
    const pids = [await pidIn('child'), await pidIn('grandchild')];
    expect(await group.stop(200)).toMatchObject({ signal: 'SIGTERM' });
    await until(() => pids.every((pid) => !isAlive(pid)) || undefined);
  });

  it('leaves nothing behind when the command itself has ended long ago', async () => {
    await using group = start(`sleep 600 & echo $! > ${folder}/child`);
    await group.ended;
    const pid = await pidIn('child');
    expect(isAlive(pid)).toBe(true);
    await group.stop(5000);
    await until(() => !isAlive(pid) || undefined);
  });
});

describe('a hook', () => {
  const run = (line: string, timeoutMs = 60_000, signal = new AbortController().signal): Promise<void> =>
    runHook(line, { env: { ...process.env, WORD: 'x' }, clock, timeoutMs, graceMs: 100, signal });

  it('runs in a shell with its variables', async () => {
    await run(`echo $WORD | tr x y > ${folder}/out`);
    expect(readFileSync(join(folder, 'out'), 'utf8')).toBe('y\n');
  });

  it('that fails says how', async () => {
    await expect(run('exit 4')).rejects.toMatchObject({ code: 'aborted', message: /exited with 4/ });
    await expect(run('kill -KILL $$')).rejects.toMatchObject({ message: /ended by SIGKILL/ });
  });

  it('F21: one that hangs is killed with all that it has started', async () => {
    const line = `trap "" TERM; sleep 600 & echo $! > ${folder}/child; wait; wait; wait`;
    await expect(run(line, 300)).rejects.toMatchObject({ code: 'deadline-exceeded' });
    const pid = await pidIn('child');
    await until(() => !isAlive(pid) || undefined);
  });

  it('is stopped when its caller is', async () => {
    const stop = new AbortController();
    const running = run(`echo $$ > ${folder}/pid; sleep 600`, 60_000, stop.signal);
    const pid = await pidIn('pid');
    stop.abort();
    await expect(running).rejects.toMatchObject({ code: 'canceled' });
    await until(() => !isAlive(pid) || undefined);
  });
});
