import { ERROR_CODES } from '../runtime/errors.ts';
import { commandTable } from './command-table.ts';
import type { CommandLoader } from './drop-in.ts';
import { asFailure } from './failure.ts';
import { showOclifHelp } from './oclif-config.ts';
import { type CommandRuntime, runCommand } from './run-command.ts';
import { adviseOnWords } from './suggestion.ts';
import { resolveWords } from './word-resolution.ts';

/** Runs the umbrella program and returns its exit code. Only help loads oclif. */
export async function runUmbrella(
  argv: readonly string[],
  commands: CommandLoader,
  runtime: Omit<CommandRuntime, 'program' | 'words'> = {},
): Promise<number> {
  const table = commandTable('spirekit');
  const resolution = resolveWords(table.keys(), argv);
  const io = runtime.io ?? process;
  const run = async (words: string, args: readonly string[]): Promise<number> =>
    runCommand(await commands.load(table.get(words) ?? words), args, { ...runtime, program: 'spirekit', words });
  const refuse = (words: string): number => {
    io.stderr.write(asFailure(`there is no command "${words}"`, 'usage', adviseOnWords(words, table.keys())));
    return ERROR_CODES.usage.exit;
  };
  switch (resolution.kind) {
    case 'version':
      return run('version', []);
    case 'top':
      await showOclifHelp([], io.stdout);
      return 0;
    case 'unknown':
      return refuse(resolution.words);
    case 'group':
    case 'command': {
      const { words, args, isHelp } = resolution;
      if (isHelp) {
        await showOclifHelp(words === 'help' ? [] : words.split(' '), io.stdout);
        return 0;
      }
      if (resolution.hasMisplacedFlags) {
        io.stderr.write(
          asFailure('flags belong after the words of the command', 'usage', `Try \`spirekit ${words} ...\`.`),
        );
        return ERROR_CODES.usage.exit;
      }
      if (resolution.kind === 'command') return run(words, args);
      const [next] = args;
      if (next !== undefined && !next.startsWith('-')) return refuse(`${words} ${next}`);
      await showOclifHelp(words.split(' '), io.stdout);
      return 0;
    }
  }
}
