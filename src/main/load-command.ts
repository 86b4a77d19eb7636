import type { CommandClass } from '../lib/cli/command-class.ts';

/** Imports one command and nothing else; the path is the one below `src/commands`, without its ending. */
export async function loadCommand(path: string): Promise<CommandClass> {
  const module: { default: CommandClass } = await import(`../commands/${path}.ts`);
  return module.default;
}
