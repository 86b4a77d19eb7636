import { describe, expect, it } from 'vitest';
import { BaseCommand, type CommandContext } from '../../../src/lib/cli/base-command.ts';
import type { CommandClass } from '../../../src/lib/cli/command-class.ts';
import type { CommandLoader } from '../../../src/lib/cli/drop-in.ts';
import { flag } from '../../../src/lib/cli/go-flags.ts';
import { runUmbrella } from '../../../src/lib/cli/umbrella.ts';
import { captureIo } from './capture-io.ts';

const flags = { socketPath: flag.string({ usage: 'Where' }) };

/** Prints how it was called, in place of every command. */
function echo(path: string): CommandClass {
  return class Echo extends BaseCommand<typeof flags> {
    static override readonly summary = 'Echo';
    static override readonly goFlags = flags;
    static override readonly usageName = 'echo';
    static override readonly args = { any: { description: 'Any' } };

    override async execute({ out, flags: { socketPath }, args, program }: CommandContext<typeof flags>): Promise<void> {
      out([program, path, socketPath, ...args].join(' '));
    }
  };
}

const commands: CommandLoader = { load: async (path) => echo(path), summaryOf: async () => 'Echo' };

async function run(line: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const { io, written } = captureIo();
  const code = await runUmbrella(line.split(' '), commands, { io, env: {} });
  return { code, ...written };
}

describe('runUmbrella', () => {
  it('runs the commands of both programs by the path of their file', async () => {
    expect((await run('agent run')).stdout).toBe('spirekit agent/run \n');
    expect((await run('server logger get a')).stdout).toBe('spirekit server/logger/get  a\n');
    expect((await run('entry show --socket-path x a')).stdout).toBe('spirekit entry/show x a\n');
  });

  it('takes api fetch for api fetch x509', async () => {
    expect((await run('api fetch')).stdout).toBe('spirekit api/fetch/x509 \n');
  });

  it('tells its version on --version too', async () => {
    for (const word of ['version', '--version', '-v']) expect((await run(word)).stdout).toBe('spirekit version \n');
  });

  it('suggests what a slip of the hand was meant to be, and exits 2', async () => {
    expect(await run('entri show')).toEqual({
      code: 2,
      stdout: '',
      stderr: 'Error: there is no command "entri" (SPK-1004 usage)\nDid you mean `spirekit entry`?\n',
    });
    expect((await run('entry shwo')).stderr).toContain('Did you mean `spirekit entry show`?');
    expect((await run('banana')).stderr).toContain('Run `spirekit --help`');
    expect((await run('entry banana')).stderr).toContain('Run `spirekit entry --help`');
  });

  it('refuses flags before the words', async () => {
    expect(await run('--output json entry show')).toMatchObject({ code: 2 });
  });
});
