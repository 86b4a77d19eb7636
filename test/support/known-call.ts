import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CommandClass } from '../../src/lib/cli/command-class.ts';
import { commandTable } from '../../src/lib/cli/command-table.ts';
import { GoFlagSet } from '../../src/lib/cli/go-flags.ts';
import type { Program } from '../../src/lib/cli/programs.ts';
import { umbrellaFlags } from '../../src/lib/cli/umbrella-flags.ts';
import { resolveWords } from '../../src/lib/cli/word-resolution.ts';
import { projectRoot } from './programs.ts';

/** A call of one of our programs in some text. */
export interface ProgramCall {
  readonly program: Program;
  readonly words: readonly string[];
}

/** Calls of our programs within a line, substitutions and the command of `dev exec` among them. */
export function callsOf(line: string): ProgramCall[] {
  const start = String.raw`(?:^|[(=|;&]\s*|(?:--|until|while|do|if|then) )`;
  const calls = line.matchAll(
    new RegExp(String.raw`${start}(?:[\w./]*bin\/)?(spirekit|spire-agent|spire-server)((?: [^\s|;&()>]+)*)`, 'g'),
  );
  return [...calls].map(([, program, rest = '']) => ({
    program: program as Program,
    words: rest.trim().replaceAll('"', '').split(' '),
  }));
}

/** Whether the program knows the words and flags of a call; placeholders and substitutions pass as values. */
export async function isKnownCall({ program, words }: ProgramCall): Promise<boolean> {
  const resolution = resolveWords(commandTable(program).keys(), words);
  if (resolution.kind === 'version' || (resolution.kind === 'top' && resolution.isAsked)) return true;
  if (resolution.kind !== 'command') return false;
  if (resolution.isHelp) return true;
  const path = commandTable(program).get(resolution.words) ?? '';
  const module: { default: CommandClass } = await import(
    pathToFileURL(join(projectRoot, 'src/commands', `${path}.ts`)).href
  );
  try {
    const { goFlags } = module.default;
    new GoFlagSet('readme', program === 'spirekit' ? umbrellaFlags(goFlags) : goFlags, program).parse(resolution.args, {
      stopsAtArgument: module.default.stopsAtArgument,
    });
    return true;
  } catch {
    return false;
  }
}
