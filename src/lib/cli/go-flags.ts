import { SpirekitError } from '../runtime/errors.ts';
import { goQuote } from '../runtime/go-quote.ts';
import type { FlagSpec, FlagSpecs, FlagValues } from './flag-spec.ts';
import { kebabFlagName, type Program } from './programs.ts';

export { type FlagSpec, type FlagSpecs, type FlagValues, flag, type OutputFormat } from './flag-spec.ts';

/** Thrown by {@link GoFlagSet.parse} for `-h`, `-help` and `--help`. */
export class FlagHelpRequested extends SpirekitError {
  override readonly name = 'FlagHelpRequested';

  constructor() {
    super('usage', 'flag: help requested');
  }
}

/** Thrown by {@link GoFlagSet.parse} for arguments it refuses; the message is the one of Go's flag package. */
export class FlagError extends SpirekitError {
  override readonly name: string = 'FlagError';

  constructor(message: string, options?: ErrorOptions) {
    super('usage', message, options);
  }
}

/** Thrown by {@link GoFlagSet.parse} for a flag that does not exist. */
export class UndefinedFlagError extends FlagError {
  override readonly name = 'UndefinedFlagError';
  /** As it was typed, without dashes. */
  readonly flagName: string;

  constructor(flagName: string) {
    super(`flag provided but not defined: -${flagName}`);
    this.flagName = flagName;
  }
}

/** What was found on a command line. */
export interface ParsedFlags<F extends FlagSpecs> {
  readonly values: FlagValues<F>;
  /** The Go names of the flags that were given, whatever their value. */
  readonly given: ReadonlySet<string>;
  /** What follows the flags. */
  readonly args: readonly string[];
}

/** Parses arguments as Go's `flag.FlagSet` does; for the umbrella it also takes kebab-case and flags after arguments. */
export class GoFlagSet<F extends FlagSpecs> {
  readonly name: string;
  readonly specs: F;
  readonly #program: Program;

  /** @param name what the usage text calls the set: `fetch x509` */
  constructor(name: string, specs: F, program: Program) {
    this.name = name;
    this.specs = specs;
    this.#program = program;
  }

  /**
   * @param options.stopsAtArgument on the umbrella too, what follows the first argument is no flag
   * @throws FlagHelpRequested on `-h`
   * @throws FlagError (code `usage`) on anything the flags do not allow
   */
  parse(argv: readonly string[], options: { stopsAtArgument?: boolean | undefined } = {}): ParsedFlags<F> {
    const values: Record<string, unknown> = {};
    for (const [name, spec] of Object.entries(this.specs)) if (spec.aliasOf === undefined) values[name] = spec.initial;
    const given = new Set<string>();
    const args: string[] = [];
    const rest = [...argv];
    for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
      if (word.length < 2 || !word.startsWith('-')) {
        args.push(word);
        if (this.#program === 'spirekit' && !options.stopsAtArgument) continue;
        break;
      }
      if (word === '--') break;
      const { name, text } = splitWord(word);
      const found = this.#find(name);
      if (found === undefined) {
        if (name === 'help' || name === 'h') throw new FlagHelpRequested();
        throw new UndefinedFlagError(name);
      }
      const [goName, spec] = found;
      const value = text ?? (spec.kind === 'boolean' ? 'true' : rest.shift());
      if (value === undefined) throw new FlagError(`flag needs an argument: -${name}`);
      const key = spec.aliasOf ?? goName;
      values[key] = this.#set(spec, values[key], value, name, given.has(key));
      given.add(key);
    }
    args.push(...rest);
    // Every declared flag has been given its initial value above and was only changed by its own `set`.
    return { values: values as FlagValues<F>, given, args };
  }

  /** The help that Go's `PrintDefaults` would lay out, with its `Usage of` line. */
  usageText(): string {
    const shown = Object.entries(this.specs).filter(([, spec]) => this.#program === 'spirekit' || !spec.isExtension);
    shown.sort(([a], [b]) => (a < b ? -1 : 1));
    return `Usage of ${this.name}:\n${shown.map(([name, spec]) => usageLines(name, spec)).join('')}`;
  }

  #find(name: string): [string, FlagSpec<unknown>] | undefined {
    const exact = Object.hasOwn(this.specs, name) ? this.specs[name] : undefined;
    if (exact !== undefined) return [name, exact];
    if (this.#program !== 'spirekit') return undefined;
    return Object.entries(this.specs).find(([goName]) => kebabFlagName(goName) === name);
  }

  #set(spec: FlagSpec<unknown>, current: unknown, text: string, name: string, alreadySet: boolean): unknown {
    try {
      return spec.set(current, text, { program: this.#program, alreadySet });
    } catch (cause) {
      const reason = SpirekitError.from(cause).message;
      const quoted = goQuote(text);
      if (spec.kind === 'boolean') {
        throw new FlagError(`invalid boolean value ${quoted} for -${name}: ${reason}`, { cause });
      }
      throw new FlagError(`invalid value ${quoted} for flag -${name}: ${reason}`, { cause });
    }
  }
}

function splitWord(word: string): { name: string; text: string | undefined } {
  const body = word.slice(word.startsWith('--') ? 2 : 1);
  if (body === '' || body.startsWith('-') || body.startsWith('=')) throw new FlagError(`bad flag syntax: ${word}`);
  const equals = body.indexOf('=');
  return equals < 0 ? { name: body, text: undefined } : { name: body.slice(0, equals), text: body.slice(equals + 1) };
}

function usageLines(name: string, spec: FlagSpec<unknown>): string {
  const type = spec.typeName === '' ? '' : ` ${spec.typeName}`;
  const head = `  -${name}${type}`;
  const gap = head.length <= 4 ? '\t' : '\n    \t';
  const fallback = spec.defaultText === '' ? '' : ` (default ${spec.defaultText})`;
  return `${head}${gap}${spec.usage.replaceAll('\n', '\n    \t')}${fallback}\n`;
}
