import type { CommandClass } from './command-class.ts';
import type { CommandLoader } from './drop-in.ts';

/** The summaries of all commands by path: filled in by the build, absent when the sources run as they are. */
declare const COMMAND_SUMMARIES: Readonly<Record<string, string>> | undefined;

/** Imports one command and nothing else; the path is the one below `src/commands`, without its ending. */
async function load(path: string): Promise<CommandClass> {
  const module: { default: CommandClass } = await import(`../../commands/${path}.ts`);
  return module.default;
}

/** The commands of this package. Lists of commands come from a table, so that showing one loads none of them. */
export const loadCommand: CommandLoader = {
  load,
  async summaryOf(path) {
    if (typeof COMMAND_SUMMARIES === 'undefined') return (await load(path)).summary;
    return COMMAND_SUMMARIES[path] ?? '';
  },
};
