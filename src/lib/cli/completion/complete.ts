import type { CommandClass } from '../command-class.ts';
import type { CommandLoader } from '../drop-in.ts';
import type { FlagSpec, FlagSpecs } from '../go-flags.ts';
import { kebabFlagName } from '../programs.ts';
import { umbrellaFlags } from '../umbrella-flags.ts';
import { childrenOf } from '../word-resolution.ts';
import type { Candidate, Completion } from './candidate.ts';
import { fixedValues } from './fixed-values.ts';
import type { ValueRequest } from './value-request.ts';

/** What completion asks for beyond the command line itself. */
export interface CompletionSources {
  /** The umbrella's commands: words to the path of their file. */
  readonly table: ReadonlyMap<string, string>;
  readonly commands: CommandLoader;
  /** Values from agents, servers and the user's contexts; undefined where they have none to offer. Never rejects. */
  findValues(request: ValueRequest): Promise<Completion | undefined>;
}

/**
 * What could stand at the end of a command line.
 *
 * @param line the words behind the program's name; the last one is being typed and may be empty
 */
export async function complete(line: readonly string[], sources: CompletionSources): Promise<Completion> {
  const typed = line.at(-1) ?? '';
  const before = line.slice(0, -1);
  const { table } = sources;
  const names = [...table.keys()];
  const { words, args } = leadingWords(names, before);
  const path = table.get(words);
  const within = async (): Promise<Completion> =>
    path === undefined
      ? { kind: 'words', candidates: [] }
      : completeWithin(words, await sources.commands.load(path), args, typed, sources);
  if (args.length > 0 || typed.startsWith('-')) return within();
  const next = childrenOf(
    names.filter((name) => name !== OWN_WORDS),
    words,
  )
    .map((name) => name.slice(words === '' ? 0 : words.length + 1))
    .filter((word) => word.startsWith(typed));
  const further = await describeWords(words, next, sources);
  if (next.length === 0) return within();
  // Some commands have others below them.
  const own = await within();
  return 'candidates' in own
    ? { kind: 'words', candidates: [...further, ...own.candidates] }
    : { kind: 'words', candidates: further };
}

/** What the scripts themselves call; nobody types it. */
const OWN_WORDS = 'completion words';

/** The longest run of words at the beginning that leads to commands, and what follows it. */
function leadingWords(names: readonly string[], before: readonly string[]): { words: string; args: readonly string[] } {
  let words = '';
  let count = 0;
  for (const word of before) {
    const next = words === '' ? word : `${words} ${word}`;
    if (!names.some((name) => `${name} `.startsWith(`${next} `))) break;
    words = next;
    count += 1;
  }
  return { words, args: before.slice(count) };
}

async function describeWords(
  parent: string,
  words: readonly string[],
  { table, commands }: CompletionSources,
): Promise<readonly Candidate[]> {
  const candidates = words.map(async (value): Promise<Candidate> => {
    const path = table.get(parent === '' ? value : `${parent} ${value}`);
    const description = path === undefined ? undefined : await commands.summaryOf(path);
    return description === undefined ? { value } : { value, description };
  });
  return Promise.all(candidates);
}

async function completeWithin(
  words: string,
  command: CommandClass,
  args: readonly string[],
  typed: string,
  sources: CompletionSources,
): Promise<Completion> {
  const specs = umbrellaFlags(command.goFlags);
  const state = readArguments(specs, args, command.stopsAtArgument === true);
  if (state.isForeign) return { kind: 'command' };
  const request = { words, command, args };
  if (state.open !== undefined) return completeValue({ ...request, flagName: state.open, typed }, specs, sources);
  if (typed.startsWith('-')) {
    const equals = typed.indexOf('=');
    if (equals < 0) return flagNames(specs, typed, state.given);
    const name = findFlag(specs, typed.slice(0, equals));
    if (name === undefined) return { kind: 'words', candidates: [] };
    const value = typed.slice(equals + 1);
    const completion = await completeValue({ ...request, flagName: name, typed: value }, specs, sources);
    return prefixed(typed.slice(0, equals + 1), completion);
  }
  if (command.stopsAtArgument === true) return { kind: 'command' };
  return completeValue({ ...request, flagName: undefined, typed }, specs, sources);
}

async function completeValue(request: ValueRequest, specs: FlagSpecs, sources: CompletionSources): Promise<Completion> {
  const spec = request.flagName === undefined ? undefined : specs[request.flagName];
  const completion = fixedValues(request, spec, sources.table) ?? (await sources.findValues(request));
  if (completion === undefined || !('candidates' in completion)) return completion ?? { kind: 'words', candidates: [] };
  const candidates = completion.candidates.filter(({ value }) => value.startsWith(request.typed));
  return { kind: completion.kind, candidates };
}

/** The flag's name stays in front of each value where both are one word. */
function prefixed(prefix: string, completion: Completion): Completion {
  if (!('candidates' in completion)) return completion;
  const candidates = completion.candidates.map((each) => ({ ...each, value: `${prefix}${each.value}` }));
  return { kind: completion.kind, candidates };
}

interface ArgumentState {
  /** The Go names of the flags that stand there. */
  readonly given: ReadonlySet<string>;
  /** The flag whose value comes next. */
  readonly open: string | undefined;
  /** What comes next belongs to another program. */
  readonly isForeign: boolean;
}

function readArguments(specs: FlagSpecs, args: readonly string[], stopsAtArgument: boolean): ArgumentState {
  const given = new Set<string>();
  let open: string | undefined;
  for (const word of args) {
    if (open !== undefined) {
      open = undefined;
      continue;
    }
    const isArgument = !word.startsWith('-') || word === '-';
    if (word === '--' || (isArgument && stopsAtArgument)) return { given, open, isForeign: stopsAtArgument };
    if (isArgument) continue;
    const [head = ''] = word.split('=', 1);
    const name = findFlag(specs, head);
    if (name === undefined) continue;
    given.add(name);
    if (head === word && specs[name]?.kind !== 'boolean') open = name;
  }
  return { given, open, isForeign: false };
}

/** @param word as it was typed, with its dashes */
function findFlag(specs: FlagSpecs, word: string): string | undefined {
  const name = word.replace(/^--?/, '');
  return Object.keys(specs).find((goName) => goName === name || kebabFlagName(goName) === name);
}

function flagNames(specs: FlagSpecs, typed: string, given: ReadonlySet<string>): Completion {
  const mayComeAgain = (spec: FlagSpec<unknown>): boolean => spec.kind === 'list';
  // Whoever types one dash likes SPIRE's spelling.
  const spell =
    typed.startsWith('--') || typed === '-'
      ? (name: string) => `--${kebabFlagName(name)}`
      : (name: string) => `-${name}`;
  const candidates = Object.entries(specs)
    .filter(([name, spec]) => spec.aliasOf === undefined && (mayComeAgain(spec) || !given.has(name)))
    .map(([name, spec]) => ({ value: spell(name), description: spec.usage }))
    .filter(({ value }) => value.startsWith(typed))
    .sort((a, b) => (a.value < b.value ? -1 : 1));
  return { kind: 'words', candidates };
}
