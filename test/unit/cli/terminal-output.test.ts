import { describe, expect, it } from 'vitest';
import { BaseCommand, type CommandContext } from '../../../src/lib/cli/base-command.ts';
import { flag } from '../../../src/lib/cli/go-flags.ts';
import type { Program } from '../../../src/lib/cli/programs.ts';
import { runCommand } from '../../../src/lib/cli/run-command.ts';
import { onePage } from '../../../src/lib/client/paged-list.ts';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';
import { captureIo } from './capture-io.ts';

/** Clears the screen, rings, turns the direction of writing, and ends with a C1 control. */
const HOSTILE = 'a\u001b[2J\u0007\u202e\u009b1mz';
const SHOWN = 'a\\u001b[2J\\u0007\\u202e\\u009b1mz';

const flags = { output: flag.output({ nameField: 'id' }), fail: flag.bool({ usage: 'Fail' }) };

class Example extends BaseCommand<typeof flags> {
  static override readonly summary = 'Example';
  static override readonly goFlags = flags;
  static override readonly usageName = 'example';

  override async execute(context: CommandContext<typeof flags>): Promise<void> {
    if (context.flags.fail) throw new SpirekitError('internal', HOSTILE);
    context.out(HOSTILE);
    context.err(HOSTILE);
    await context.print({ pretty: () => `x\t${HOSTILE}\n`, json: () => ({ id: HOSTILE }) });
    await context.printList({
      pages: onePage([HOSTILE]),
      head: '',
      pretty: (item) => `y\t${item}\n`,
      json: (item) => ({ id: item }),
      listName: 'items',
      table: (items) => ({ head: ['id'], rows: items.map((item) => [item]) }),
    });
  }
}

async function run(
  argv: readonly string[],
  options: { isTTY: boolean; columns?: number; program?: Program; env?: object },
) {
  const { io, written } = captureIo();
  const terminal = { isTTY: options.isTTY, columns: options.columns ?? 200 };
  await runCommand(Example, argv, {
    program: options.program ?? 'spirekit',
    io: { stdin: io.stdin, stdout: { ...io.stdout, ...terminal }, stderr: { ...io.stderr, ...terminal } },
    env: { ...options.env },
  });
  return written;
}

const FORMATS = ['pretty', 'json', 'jsonl', 'yaml', 'table', 'name'];
const COLOUR = '\u001b[1m';

describe('on a terminal', () => {
  it.each(FORMATS)('nothing from outside steers it: %s', async (format) => {
    const { stdout, stderr } = await run(['-output', format], { isTTY: true, env: { NO_COLOR: '1' } });
    expect(stdout + stderr).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(stderr).toBe(`${SHOWN}\n`);
    expect(stdout).toContain(SHOWN);
  });

  it('nothing from outside steers it: a template, and a failure', async () => {
    const { stdout } = await run(['-template', '{{if hasKey . "id"}}{{.id}}{{end}}'], { isTTY: true });
    expect(stdout).toContain(`${SHOWN}\n${SHOWN}\n`);
    const { stderr } = await run(['-fail'], { isTTY: false });
    expect(stderr).toBe(`Error: ${SHOWN} (SPK-1026 internal)\n`);
  });

  it('that does not know its width, lists are tables all the same', async () => {
    expect((await run([], { isTTY: true, columns: 0, env: { NO_COLOR: '1' } })).stdout).toContain('\nid\n');
    expect((await run([], { isTTY: true, columns: 5, env: { NO_COLOR: '1' } })).stdout).toContain('\ny\t');
  });

  it('tables have colour, unless NO_COLOR is set or the terminal is dumb', async () => {
    expect((await run([], { isTTY: true })).stdout).toContain(COLOUR);
    expect((await run([], { isTTY: true, env: { NO_COLOR: '1' } })).stdout).not.toContain(COLOUR);
    expect((await run([], { isTTY: true, env: { TERM: 'dumb' } })).stdout).not.toContain(COLOUR);
    expect((await run([], { isTTY: true, env: { FORCE_COLOR: '0' } })).stdout).not.toContain(COLOUR);
  });
});

describe('elsewhere', () => {
  it('text is as it is: programs read it', async () => {
    const { stdout, stderr } = await run(['-output', 'pretty'], { isTTY: false });
    expect(stdout).toBe(`${HOSTILE}\nx\t${HOSTILE}\ny\t${HOSTILE}\n`);
    expect(stderr).toBe(`${HOSTILE}\n`);
  });

  it('tables have colour only where FORCE_COLOR asks for it', async () => {
    expect((await run([], { isTTY: false })).stdout).not.toContain(COLOUR);
    expect((await run([], { isTTY: false, env: { FORCE_COLOR: '1' } })).stdout).toContain(COLOUR);
    const both = { FORCE_COLOR: '1', NO_COLOR: '1' };
    expect((await run([], { isTTY: false, env: both })).stdout).not.toContain(COLOUR);
  });

  it('names are one a line all the same', async () => {
    expect((await run(['-output', 'name'], { isTTY: false })).stdout).toContain(`${SHOWN}\n${SHOWN}\n`);
  });
});

describe('the drop-ins', () => {
  it('print what SPIRE prints, on a terminal too', async () => {
    const { stdout } = await run(['-output', 'pretty'], { isTTY: true, program: 'spire-server' });
    expect(stdout).toBe(`${HOSTILE}\nx\t${HOSTILE}\ny\t${HOSTILE}\n`);
  });

  it.each(['name', 'table', 'yaml', 'jsonl', 'template'])('know no format %s', async (format) => {
    const { stderr } = await run(['-output', format], { isTTY: false, program: 'spire-server' });
    expect(stderr).toContain(`bad formatter flag: unknown format option: "${format}"`);
  });

  it('know no templates', async () => {
    const { stderr } = await run(['-template', 'x'], { isTTY: false, program: 'spire-server' });
    expect(stderr).toContain('flag provided but not defined: -template');
    expect(stderr).not.toMatch(/^ {2}-template/m);
  });
});
