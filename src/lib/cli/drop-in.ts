import type { CommandClass } from './command-class.ts';
import { commandTable } from './command-table.ts';
import { GoFlagSet } from './go-flags.ts';
import { MIRRORED_SPIRE_VERSION, type Program } from './programs.ts';
import { type CommandRuntime, runCommand } from './run-command.ts';
import { childrenOf, resolveWords } from './word-resolution.ts';

/** Finds commands by the path of their file below `src/commands`, without the ending. */
export interface CommandLoader {
  load(path: string): Promise<CommandClass>;
  /** The command's one sentence, if possible without loading it. */
  summaryOf(path: string): Promise<string>;
}

/** In the words of SPIRE's programs. */
const MISPLACED_FLAGS =
  'Invalid flags before the subcommand. If these flags are for\nthe subcommand, please put them after the subcommand.\n\n';

/** The exit code for no words and for unknown ones. */
const EXIT_UNKNOWN = 127;

/** Runs a drop-in program and returns its exit code. Help and version go to stderr, as SPIRE's do. */
export async function runDropIn(
  program: Exclude<Program, 'spirekit'>,
  argv: readonly string[],
  commands: CommandLoader,
  runtime: Omit<CommandRuntime, 'program'> = {},
): Promise<number> {
  const table = commandTable(program);
  const resolution = resolveWords(table.keys(), argv);
  const io = runtime.io ?? process;
  const help = new DropInHelp(program, table, commands);
  switch (resolution.kind) {
    case 'version':
      io.stderr.write(`${MIRRORED_SPIRE_VERSION}\n`);
      return 0;
    case 'top':
      io.stderr.write(await help.top());
      return resolution.isAsked ? 0 : EXIT_UNKNOWN;
    case 'unknown':
      io.stderr.write(await help.top());
      return EXIT_UNKNOWN;
    case 'group':
    case 'command': {
      const path = table.get(resolution.words);
      if (resolution.isHelp) {
        io.stderr.write(await help.of(resolution.words));
        return 0;
      }
      if (resolution.hasMisplacedFlags) io.stderr.write(MISPLACED_FLAGS);
      if (path === undefined || resolution.hasMisplacedFlags) {
        io.stderr.write(await help.of(resolution.words));
        return 1;
      }
      return runCommand(await commands.load(path), resolution.args, { ...runtime, program });
    }
  }
}

/** The help of a drop-in: for a name, its flags, the flags of the commands right below it, and their names. */
class DropInHelp {
  readonly #program: Program;
  readonly #table: ReadonlyMap<string, string>;
  readonly #commands: CommandLoader;

  constructor(program: Program, table: ReadonlyMap<string, string>, commands: CommandLoader) {
    this.#program = program;
    this.#table = table;
    this.#commands = commands;
  }

  async top(): Promise<string> {
    const usage = `Usage: ${this.#program} [--version] [--help] <command> [<args>]`;
    return `${usage}\n\nCommands:\n${await this.#list('')}\n`;
  }

  async of(words: string): Promise<string> {
    const own = await this.#usage(words);
    const children = childrenOf(this.#table.keys(), words);
    if (own !== undefined && children.length === 0) return own;
    const usages = await Promise.all(children.map((child) => this.#usage(child)));
    const sentence = own === undefined ? 'This command needs one of the words below after it.\n' : '';
    return `${own ?? ''}${usages.join('')}${sentence}\nSubcommands:\n${await this.#list(words)}`;
  }

  async #usage(words: string): Promise<string | undefined> {
    const command = await this.#command(words);
    return command && new GoFlagSet(command.usageName, command.goFlags, this.#program).usageText();
  }

  async #list(parent: string): Promise<string> {
    const children = childrenOf(this.#table.keys(), parent);
    const names = children.map((child) => child.slice(parent === '' ? 0 : parent.length + 1));
    const width = Math.max(...names.map((name) => name.length));
    const summaries = await Promise.all(
      children.map((child) => {
        const path = this.#table.get(child);
        return path === undefined ? '' : this.#commands.summaryOf(path);
      }),
    );
    return names
      .map((name, index) => `    ${name.padEnd(width)}    ${summaries[index] ?? ''}`.trimEnd())
      .join('\n')
      .concat('\n');
  }

  async #command(words: string): Promise<CommandClass | undefined> {
    const path = this.#table.get(words);
    return path === undefined ? undefined : this.#commands.load(path);
  }
}
