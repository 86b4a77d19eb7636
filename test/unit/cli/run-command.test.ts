import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import { BaseCommand, type CommandContext } from '../../../src/lib/cli/base-command.ts';
import { flag } from '../../../src/lib/cli/go-flags.ts';
import { runCommand } from '../../../src/lib/cli/run-command.ts';
import { RpcError } from '../../../src/lib/rpc/status.ts';
import { prefixed } from '../../../src/lib/runtime/errors.ts';
import { captureIo } from './capture-io.ts';

const flags = { output: flag.output(), ttl: flag.int({ usage: 'Seconds' }) };
let behaviour: (context: CommandContext<typeof flags>) => Promise<number> | Promise<void>;

class Example extends BaseCommand<typeof flags> {
  static override readonly summary = 'Example';
  static override readonly goFlags = flags;
  static override readonly usageName = 'example';
  static override readonly errorPrefix = 'Error: ';

  override execute(context: CommandContext<typeof flags>): Promise<number> | Promise<void> {
    return behaviour(context);
  }
}

async function run(
  program: 'spire-agent' | 'spirekit',
  argv: readonly string[],
  does: typeof behaviour = async () => undefined,
): Promise<{ code: number; stdout: string; stderr: string }> {
  behaviour = does;
  const { io, written } = captureIo();
  const code = await runCommand(Example, argv, { program, words: 'entry example', io, env: {} });
  return { code, ...written };
}

const unreachable =
  'connection error: desc = "transport: Error while dialing: dial unix /run/a.sock: connect: no such file or directory"';

describe('runCommand', () => {
  it('returns what the command returns, and 0 if that is nothing', async () => {
    expect(await run('spire-agent', [], async () => 7)).toEqual({ code: 7, stdout: '', stderr: '' });
    expect(await run('spire-agent', [], async () => undefined)).toMatchObject({ code: 0 });
  });

  it('prints help for a drop-in on stderr and exits 0', async () => {
    expect(await run('spire-agent', ['-h'])).toMatchObject({ code: 0, stdout: '' });
  });

  it('prints a refused flag with the usage text on a drop-in, and exits 1', async () => {
    const { code, stderr } = await run('spire-agent', ['-ttl', 'x']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^invalid value "x" for flag -ttl: parse error\nUsage of example:\n {2}-output value\n/);
  });

  it('says on the umbrella where to look for flags, and exits 2', async () => {
    expect(await run('spirekit', ['-banana', '1'])).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'Error: flag provided but not defined: -banana (SPK-1004 usage)\nRun `spirekit entry example --help` to see its flags.\n',
    });
  });

  it('suggests on the umbrella which flag may have been meant', async () => {
    expect((await run('spirekit', ['--outptu', 'json'])).stderr).toBe(
      'Error: flag provided but not defined: -outptu (SPK-1004 usage)\nDid you mean `--output`?\n',
    );
  });

  it('passes over arguments on a drop-in and refuses them on the umbrella', async () => {
    expect((await run('spire-agent', ['extra'])).code).toBe(0);
    expect(await run('spirekit', ['extra'])).toMatchObject({ code: 2 });
  });

  it('exits 1 on a drop-in for every failure, with its own words before the message', async () => {
    const fails = async (): Promise<void> => {
      throw prefixed('error fetching things', new RpcError(14, unreachable));
    };
    expect(await run('spire-agent', [], fails)).toEqual({
      code: 1,
      stdout: '',
      stderr: `Error: error fetching things: rpc error: code = Unavailable desc = ${unreachable}\n`,
    });
  });

  it('says on the umbrella what happened and what to do, and exits with the code of the error', async () => {
    const fails = async (): Promise<void> => {
      throw prefixed('error fetching things', new RpcError(14, unreachable));
    };
    expect(await run('spirekit', [], fails)).toEqual({
      code: 3,
      stdout: '',
      stderr:
        'Error: error fetching things: cannot connect to /run/a.sock: no such file or directory (SPK-1029 unavailable)\n' +
        'Nothing listens on /run/a.sock. Start the program that does, or name its socket with --socket-path.\n',
    });
  });

  it('tells no identity from other refusals on the umbrella', async () => {
    const { code, stderr } = await run('spirekit', [], async () => {
      throw new RpcError(7, 'no identity issued');
    });
    expect(code).toBe(4);
    expect(stderr).toMatch(/^Error: no identity issued \(SPK-1020 no-identity\)\n.*entry/);
  });

  it('prints lists as tables on the umbrella unless a format is asked for', async () => {
    const prints: typeof behaviour = (context) =>
      context.print({ pretty: () => 'pretty\n', json: () => [], table: () => ({ head: ['a'], rows: [] }) });
    expect((await run('spirekit', [], prints)).stdout).toBe('a\n');
    expect((await run('spirekit', ['--output', 'pretty'], prints)).stdout).toBe('pretty\n');
    expect((await run('spire-agent', [], prints)).stdout).toBe('pretty\n');
    expect((await run('spire-agent', ['-output=json'], prints)).stdout).toBe('[]\n');
  });

  it('maps codes to exit codes for commands that report failures themselves', async () => {
    const fails: typeof behaviour = async (context) => context.exitCode('partial-failure');
    expect((await run('spire-agent', [], fails)).code).toBe(1);
    expect((await run('spirekit', [], fails)).code).toBe(8);
  });

  it('turns a signal of the system into an abort while the command runs, and lets go of it after', async () => {
    const before = process.listenerCount('SIGUSR2');
    const { code } = await run('spire-agent', [], async (context) => {
      context.abortOn('SIGUSR2');
      const aborted = new Promise((resolve) => context.signal.addEventListener('abort', resolve, { once: true }));
      process.kill(process.pid, 'SIGUSR2');
      await aborted;
      return 3;
    });
    expect([code, process.listenerCount('SIGUSR2')]).toEqual([3, before]);
  });

  it('says nothing of being stopped on the umbrella, and exits as shells do', async () => {
    const stopped: typeof behaviour = async (context) => {
      context.abortOn('SIGUSR2');
      const aborted = new Promise((resolve) => context.signal.addEventListener('abort', resolve, { once: true }));
      process.kill(process.pid, 'SIGUSR2');
      await aborted;
      throw context.signal.reason;
    };
    const code = 128 + constants.signals.SIGUSR2;
    expect(await run('spirekit', [], stopped)).toMatchObject({ code, stderr: '' });
    expect(await run('spire-agent', [], stopped)).toMatchObject({ code: 1, stderr: 'Error: stopped by SIGUSR2\n' });
  });
});
