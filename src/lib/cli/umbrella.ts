import { ERROR_CODES } from '../runtime/errors.ts';
import { commandTable } from './command-table.ts';
import type { CommandLoader } from './drop-in.ts';
import { showOclifHelp } from './oclif-config.ts';
import { type CommandRuntime, runCommand } from './run-command.ts';
import { findSuggestion } from './suggestion.ts';
import { childrenOf, resolveWords } from './word-resolution.ts';

/** Runs the umbrella program and returns its exit code. Only help loads oclif. */
export async function runUmbrella(
  argv: readonly string[],
  load: CommandLoader,
  runtime: Omit<CommandRuntime, 'program' | 'words'> = {},
): Promise<number> {
  const table = commandTable('spirekit');
  const resolution = resolveWords(table.keys(), argv);
  const { stderr } = runtime.io ?? process;
  const run = async (words: string, args: readonly string[]): Promise<number> =>
    runCommand(await load(table.get(words) ?? words), args, { ...runtime, program: 'spirekit', words });
  const refuse = (words: string, parent: string): number => {
    const guess = findSuggestion(words, childrenOf(table.keys(), parent));
    const help = `spirekit ${parent === '' ? '' : `${parent} `}--help`;
    const next = guess === undefined ? `Run \`${help}\` to see what there is.` : `Did you mean \`spirekit ${guess}\`?`;
    stderr.write(`Error: there is no command "${words}" (usage)\n${next}\n`);
    return ERROR_CODES.usage.exit;
  };
  switch (resolution.kind) {
    case 'version':
      return run('version', []);
    case 'top':
      await showOclifHelp([]);
      return 0;
    case 'unknown':
      return refuse(resolution.words, '');
    case 'group':
    case 'command': {
      const { words, args, isHelp } = resolution;
      if (isHelp && words !== 'help') {
        await showOclifHelp(words.split(' '));
        return 0;
      }
      if (resolution.hasMisplacedFlags) {
        stderr.write(`Error: flags belong after the words of the command (usage)\nTry \`spirekit ${words} ...\`.\n`);
        return ERROR_CODES.usage.exit;
      }
      if (resolution.kind === 'command') return run(words, args);
      const [next] = args;
      if (next !== undefined && !next.startsWith('-')) return refuse(`${words} ${next}`, words);
      await showOclifHelp(words.split(' '));
      return 0;
    }
  }
}
