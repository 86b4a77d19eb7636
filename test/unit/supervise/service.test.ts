import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/lib/runtime/clock.ts';
import { Service, type ServiceOptions } from '../../../src/lib/supervise/service.ts';
import { isAlive, until } from './until.ts';

let folder: string;
let out: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'service-'));
  out = join(folder, 'out');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function service(line: string, changes: Partial<ServiceOptions> = {}): Service {
  return new Service({
    command: '/bin/sh',
    args: () => ['-c', line],
    clock: systemClock,
    onChange: 'restart',
    onExit: 'exit',
    graceMs: 5000,
    hasOwnGroup: true,
    ...changes,
  });
}

const written = (text: string): Promise<true> => until(() => readFileSync(out, 'utf8') === text || undefined);

describe('a service', () => {
  it('is started with the first change and restarted with each other', async () => {
    await using running = service(`echo $N >> ${out}; sleep 600`);
    expect(await running.change({ N: '1' })).toBe('started');
    const first = running.pid ?? 0;
    await written('1\n');
    expect(await running.change({ N: '2' })).toBe('restarted');
    await written('1\n2\n');
    expect(isAlive(first)).toBe(false);
  });

  it('is told by a signal, and passes others on', async () => {
    const line = `trap 'echo HUP >> ${out}' HUP; trap 'echo USR2 >> ${out}' USR2; echo up >> ${out}; while :; do sleep 0.01; done`;
    await using running = service(line, { onChange: 'SIGHUP' });
    await running.change(process.env);
    await written('up\n');
    expect(await running.change({})).toBe('signaled');
    await written('up\nHUP\n');
    running.forward('SIGUSR2');
    await written('up\nHUP\nUSR2\n');
  });

  it('ends as its command does', async () => {
    await using running = service('exit 7');
    await running.change({});
    expect(await running.finished).toMatchObject({ exitCode: 7 });
  });

  it('of a command that is not there ends with 127, whatever is to be done about ends', async () => {
    await using running = service('', { command: join(folder, 'absent'), onExit: 'wait' });
    await running.change({});
    expect(await running.finished).toMatchObject({ exitCode: 127 });
  });

  it('starts a command again with the next change, if its end is not the end', async () => {
    await using running = service(`echo $N >> ${out}`, { onExit: 'wait', onChange: 'SIGUSR1' });
    for (const n of ['1', '2']) {
      await until(() => !running.isRunning || undefined);
      expect(await running.change({ N: n })).toBe('started');
    }
    await written('1\n2\n');
  });

  it('F22: stops while it restarts, and nothing of its command is left', async () => {
    const line = `trap 'sleep 0.2; exit 5' TERM; sleep 600 & echo $! > ${out}; wait`;
    const running = service(line);
    await running.change({});
    const child = Number(await until(() => /\d+/.exec(readFileSync(out, 'utf8'))?.[0]));
    const restarting = running.change({});
    expect(running.isRunning).toBe(true);
    expect(await running.stop()).toMatchObject({ exitCode: 5 });
    expect(await restarting).toBe('left');
    expect(await running.change({})).toBe('left');
    await until(() => !isAlive(child) || undefined);
  });

  it('that was never started is stopped at once', async () => {
    expect(await service(':').stop()).toMatchObject({ exitCode: 0 });
  });
});
