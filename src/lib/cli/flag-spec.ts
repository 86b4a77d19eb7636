import { SpirekitError } from '../runtime/errors.ts';
import { formatGoDuration, parseGoDuration } from '../runtime/go-duration.ts';
import { goQuote } from '../runtime/go-quote.ts';
import type { Program } from './programs.ts';

/** What a flag knows while it is being set. */
export interface FlagSetting {
  readonly program: Program;
  /** Whether an earlier argument set the same flag. */
  readonly alreadySet: boolean;
}

/** One declared flag: enough to parse it as Go does, to print Go's usage line and to describe it to oclif. */
export interface FlagSpec<T> {
  readonly kind: 'string' | 'boolean' | 'number' | 'duration' | 'list' | 'tri-state' | 'output';
  /** One line for people, in our own words. */
  readonly usage: string;
  /** The value's name in Go's usage text: `string`, `int`, `duration`, `value`; empty for booleans. */
  readonly typeName: string;
  readonly initial: T;
  /** The default as the usage text prints it; empty when Go would print none. */
  readonly defaultText: string;
  /** Makes the next value; throws an error whose message is Go's reason. */
  set(current: T, text: string, setting: FlagSetting): T;
  /** Sets this other flag instead (`-format` is `-output`). */
  readonly aliasOf?: string | undefined;
  /** Of an output flag: the path of the field that names an item, for the format `name`. */
  readonly nameField?: string | undefined;
  /** Not SPIRE's: it is accepted everywhere, but only the umbrella's help shows it. */
  readonly isExtension: boolean;
}

/** Flags by the name that Go's flag package knows them by (no dash). */
export type FlagSpecs = Readonly<Record<string, FlagSpec<unknown>>>;

/** The values that a command gets for its flags. */
export type FlagValues<F extends FlagSpecs> = { readonly [K in keyof F]: F[K] extends FlagSpec<infer T> ? T : never };

/** What a command gets for flags that are not given. */
export function initialValues<F extends FlagSpecs>(specs: F): FlagValues<F> {
  // Each value is the one that its own declaration starts with.
  return Object.fromEntries(Object.entries(specs).map(([name, { initial }]) => [name, initial])) as FlagValues<F>;
}

/** How results are printed. SPIRE has the first two; the others are the umbrella's, `template` by a flag of its own. */
export type OutputFormat = 'pretty' | 'json' | 'jsonl' | 'yaml' | 'table' | 'name' | 'template';

interface FlagOptions {
  readonly usage: string;
  readonly isExtension?: boolean;
}

/** Makes flag declarations; the spelling of SPIRE's flags lives in the keys of the record they are put into. */
export const flag = {
  /** A string; the last one given counts. */
  string(options: FlagOptions & { default?: string }): FlagSpec<string> {
    const initial = options.default ?? '';
    const defaultText = initial === '' ? '' : goQuote(initial);
    return spec('string', 'string', initial, defaultText, options, (_, text) => text);
  },

  /** `-b` or `-b=false`; Go's spellings of truth. */
  bool(options: FlagOptions & { default?: boolean }): FlagSpec<boolean> {
    const initial = options.default ?? false;
    return spec('boolean', '', initial, initial ? 'true' : '', options, (_, text) => parseGoBool(text));
  },

  /** A 64-bit signed integer within JavaScript's exact range. */
  int(options: FlagOptions & { default?: number }): FlagSpec<number> {
    const initial = options.default ?? 0;
    return spec('number', 'int', initial, initial === 0 ? '' : String(initial), options, (_, text, { program }) => {
      const number = parseGoInt(text);
      if (number !== undefined) return number;
      throw new SpirekitError('usage', program === 'spirekit' ? 'not a whole number' : 'parse error');
    });
  },

  /** A duration of Go's `flag.Duration`, in nanoseconds: the drop-ins refuse others with "parse error" alone. */
  duration(options: FlagOptions & { default?: bigint }): FlagSpec<bigint> {
    const initial = options.default ?? 0n;
    const defaultText = initial === 0n ? '' : formatGoDuration(initial);
    return spec('duration', 'duration', initial, defaultText, options, (_, text, { program }) => {
      try {
        return parseGoDuration(text);
      } catch (cause) {
        if (program === 'spirekit') throw cause;
        throw new SpirekitError('usage', 'parse error', { cause });
      }
    });
  },

  /** A duration of SPIRE's own flag type, in nanoseconds: refusals tell the reason. */
  durationValue(options: FlagOptions & { default?: bigint }): FlagSpec<bigint> {
    const initial = options.default ?? 0n;
    const defaultText = initial === 0n ? '' : formatGoDuration(initial);
    return spec('duration', 'value', initial, defaultText, options, (_, text) => parseGoDuration(text));
  },

  /** May be given more than once; every value is kept, commas are not looked at. */
  strings(options: FlagOptions): FlagSpec<readonly string[]> {
    return spec<readonly string[]>('list', 'value', [], '', options, (current, text) => [...current, text]);
  },

  /** Comma-separated; the last one given counts. */
  commaStrings(options: FlagOptions): FlagSpec<readonly string[]> {
    return spec<readonly string[]>('list', 'value', [], '', options, (_, text) => text.split(','));
  },

  /** `true`, `false`, or (anything else, as in SPIRE) undefined for "do not filter". Needs a value. */
  triState(options: FlagOptions): FlagSpec<boolean | undefined> {
    return spec<boolean | undefined>('tri-state', 'value', undefined, '', options, (_, text) =>
      text === 'true' ? true : text === 'false' ? false : undefined,
    );
  },

  /**
   * SPIRE's `-output`; on the umbrella it takes more formats, and beside it there is `-template`.
   *
   * @param options.nameField the field that names an item of the answer, through lists and objects: `entry.id`; with it
   *   the format `name` prints these, one a line
   */
  output(options: { aliasOf?: string; usage?: string; nameField?: string } = {}): FlagSpec<OutputFormat> {
    const { aliasOf, nameField, usage = 'Output format: pretty or json' } = options;
    const set: FlagSpec<OutputFormat>['set'] = (current, text, setting) =>
      setOutput(current, text, { ...setting, hasNames: nameField !== undefined });
    return { ...spec<OutputFormat>('output', 'value', 'pretty', '', { usage }, set), aliasOf, nameField };
  },
} as const;

function spec<T>(
  kind: FlagSpec<T>['kind'],
  typeName: string,
  initial: T,
  defaultText: string,
  options: FlagOptions,
  set: FlagSpec<T>['set'],
): FlagSpec<T> {
  return { kind, typeName, initial, defaultText, usage: options.usage, isExtension: options.isExtension ?? false, set };
}

/** Formats that only the umbrella has. */
const MORE_FORMATS = ['jsonl', 'yaml', 'table'] as const;

function setOutput(
  current: OutputFormat,
  text: string,
  setting: FlagSetting & { readonly hasNames: boolean },
): OutputFormat {
  if (setting.alreadySet && text !== current) {
    throw new SpirekitError('usage', `the output format has already been set to ${goQuote(current)}`);
  }
  const word = text.toLowerCase();
  if (word === 'json' || word === 'pretty') return word;
  if (word === 'prettyprint') return 'pretty';
  if (setting.program === 'spirekit') {
    const more = MORE_FORMATS.find((format) => format === word);
    if (more !== undefined) return more;
    if (word === 'name' && setting.hasNames) return word;
  }
  throw new SpirekitError('usage', `bad formatter flag: unknown format option: ${goQuote(text)}`);
}

function parseGoBool(text: string): boolean {
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true;
  if (/^(0|f|F|false|FALSE|False)$/.test(text)) return false;
  throw new SpirekitError('usage', 'parse error');
}

/** Go's `strconv.ParseInt(s, 0, 64)`: sign, base prefix, underscores between digits; undefined for what is no number. */
function parseGoInt(text: string): number | undefined {
  const match =
    /^([+-]?)(0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0(?:_?[0-7])*|[1-9](?:_?[0-9])*)$/.exec(text);
  if (match === null) return undefined;
  const digits = (match[2] ?? '').replaceAll('_', '');
  const magnitude = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
  const value = match[1] === '-' ? -magnitude : magnitude;
  if (BigInt.asIntN(64, value) !== value) throw new SpirekitError('usage', 'value out of range');
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new SpirekitError('usage', 'value out of range');
  return number;
}
