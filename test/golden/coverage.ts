import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CommandClass } from '../../src/lib/cli/command-class.ts';
import { commandTable } from '../../src/lib/cli/command-table.ts';
import type { FlagSpecs } from '../../src/lib/cli/go-flags.ts';
import { outputFlag } from '../../src/lib/cli/umbrella-flags.ts';
import { resolveWords } from '../../src/lib/cli/word-resolution.ts';
import { projectRoot } from '../support/programs.ts';
import { type GoldenStep, splitCommandLine } from './golden-file.ts';

const MACHINE =
  'it looks at the sockets, files, clock and limits of the machine; what it refuses is in test/golden/spirekit';

/** Commands, or a command and a format of it, that no golden file of the umbrella shows, each with its reason. */
export const NOT_SHOWN: Readonly<Record<string, string>> = {
  'context show': MACHINE,
  doctor: MACHINE,
  'doctor agent': MACHINE,
  'doctor server': MACHINE,
  'federation join':
    'it fetches from an https host that there is not here; test/integration/federation-join.test.ts runs it',
  top: 'it tells how long things have been up; test/golden/spirekit has what it refuses',
  why: 'it tells of the process that asks: its number, user, groups and program; test/golden/spirekit has what it refuses',
  commands: 'it lists what there is, which each new command changes; test/unit/cli/command-table.test.ts compares',
};

/** The forms that a command has on the umbrella: those of `--output` and `template`, or just `text`. */
export function formatsOf(specs: FlagSpecs): readonly string[] {
  const output = outputFlag(specs);
  if (output === undefined) return ['text'];
  return ['pretty', 'json', 'jsonl', 'yaml', 'table', ...(output.nameField === undefined ? [] : ['name']), 'template'];
}

/** What a step shows: the words of its command and the form it asks for. Undefined where no command is run. */
function shownBy({ line, code }: GoldenStep): { readonly words: string; readonly format: string } | undefined {
  const { argv } = splitCommandLine(line);
  const [program, ...args] = argv;
  if (program !== 'spirekit') return undefined;
  const resolution = resolveWords(commandTable('spirekit').keys(), args);
  if (resolution.kind !== 'command' || resolution.isHelp) return undefined;
  const { words } = resolution;
  const output = /\s--?output[ =]([a-z]+)/.exec(line)?.[1];
  const format = /\s--?template[ =]/.test(line) ? 'template' : (output ?? 'text');
  // A refused command line, and a server that is not there, look the same in every form.
  return format !== 'text' && (code === 2 || code === 3) ? undefined : { words, format };
}

/** What to add: `COMMAND: FORMAT, FORMAT` for every command of the umbrella with a form that no step shows. */
export async function findLacking(steps: readonly GoldenStep[]): Promise<{ lacking: string[]; needless: string[] }> {
  const shown = new Set(steps.flatMap((step) => shownBy(step) ?? []).map(({ words, format }) => `${words} ${format}`));
  const lacking: string[] = [];
  const used = new Set<string>();
  for (const [words, path] of commandTable('spirekit')) {
    const module: { default: CommandClass } = await import(
      pathToFileURL(join(projectRoot, 'src/commands', `${path}.ts`)).href
    );
    const missing = formatsOf(module.default.goFlags)
      .filter((format) => !shown.has(`${words} ${format}`))
      // Without a choice of forms, a command line that was refused shows the command too.
      .filter((format) => format !== 'text' || !steps.some(({ line }) => line.startsWith(`spirekit ${words}`)));
    const excused = missing.filter((format) => words in NOT_SHOWN || `${words} ${format}` in NOT_SHOWN);
    for (const format of excused) used.add(words in NOT_SHOWN ? words : `${words} ${format}`);
    const rest = missing.filter((format) => !excused.includes(format));
    // Words that lead to the same command as others.
    if (rest.length > 0 && words !== 'api fetch') lacking.push(`${words}: ${rest.join(', ')}`);
  }
  return { lacking, needless: Object.keys(NOT_SHOWN).filter((name) => !used.has(name)) };
}
