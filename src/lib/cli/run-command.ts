import { type Clock, systemClock } from '../runtime/clock.ts';
import { ERROR_CODES, SpirekitError } from '../runtime/errors.ts';
import { findSuggestion } from '../runtime/nearest-word.ts';
import type { CommandClass } from './command-class.ts';
import type { CommandContext, CommandIo, Environment } from './command-context.ts';
import { AdvisedError, describeFailure, umbrellaCode } from './failure.ts';
import {
  FlagError,
  FlagHelpRequested,
  type FlagSpecs,
  GoFlagSet,
  type OutputFormat,
  type ParsedFlags,
  UndefinedFlagError,
} from './go-flags.ts';
import { type ListResult, renderList, writeText } from './list-printer.ts';
import { asShown, type RenderOptions, renderResult } from './printer.ts';
import { kebabFlagName, type Program } from './programs.ts';
import type { Fill } from './template-output.ts';
import { knownWidth, type TextOutput } from './text-output.ts';
import { outputFlag, umbrellaFlags } from './umbrella-flags.ts';

/** What surrounds a command; what is left out is the process's own. */
export interface CommandRuntime {
  readonly program: Program;
  /** The words that were typed, for advice on the umbrella. */
  readonly words?: string;
  readonly io?: CommandIo;
  readonly env?: Environment;
  readonly clock?: Clock;
  /** Cancels the command from outside, beside the signals it listens to. */
  readonly signal?: AbortSignal;
}

/** Parses the flags, runs the command, prints what failed and returns the exit code. Never throws. */
export async function runCommand(
  command: CommandClass,
  argv: readonly string[],
  runtime: CommandRuntime,
): Promise<number> {
  const io = runtime.io ?? process;
  const isUmbrella = runtime.program === 'spirekit';
  const specs = isUmbrella ? umbrellaFlags(command.goFlags) : command.goFlags;
  const flagSet = new GoFlagSet(command.usageName, specs, runtime.program);
  let parsed: ParsedFlags<FlagSpecs>;
  let fill: Fill | undefined;
  try {
    parsed = flagSet.parse(argv, { stopsAtArgument: command.stopsAtArgument });
    if (isUmbrella) refuseArguments(command, parsed.args);
    if (isUmbrella && parsed.given.has('template')) [parsed, fill] = await withTemplate(parsed);
  } catch (error) {
    if (error instanceof FlagHelpRequested) {
      io.stderr.write(flagSet.usageText());
      return 0;
    }
    const failure = SpirekitError.from(error);
    if (isUmbrella) return reportFailure(advised(failure, command), command, io, runtime);
    io.stderr.write(`${failure.message}\n${flagSet.usageText()}`);
    return command.printsFlagErrorTwice === true ? reportFailure(failure, command, io, runtime) : 1;
  }
  const aborter = abortable(runtime.signal);
  try {
    const nameField = outputFlag(specs)?.nameField;
    const context = makeContext(parsed, { nameField, fill }, io, runtime, aborter);
    return (await new command().execute(context)) ?? 0;
  } catch (error) {
    const failure = SpirekitError.from(error);
    const stoppedBy = aborter.stoppedBy();
    // Who stops a command knows it; the exit code is a shell's.
    if (isUmbrella && failure.code === 'canceled' && stoppedBy !== undefined) {
      const { constants } = await import('node:os');
      return 128 + constants.signals[stoppedBy];
    }
    const code = reportFailure(failure, command, io, runtime);
    await hint(failure, io, runtime);
    return code;
  } finally {
    aborter.release();
  }
}

/** A template is read before anything is done; its flag is a format. */
async function withTemplate(parsed: ParsedFlags<FlagSpecs>): Promise<[ParsedFlags<FlagSpecs>, Fill]> {
  if (parsed.given.has('output')) throw new FlagError('-template and -output are two forms: give one of them');
  const { parseTemplateFlag } = await import('./template-output.ts');
  const fill = parseTemplateFlag(String(parsed.values['template']));
  return [{ ...parsed, values: { ...parsed.values, output: 'template' } }, fill];
}

/** SPIRE's programs pass over what follows the flags; there it is often a flag that was meant to count. */
function refuseArguments(command: CommandClass, args: readonly string[]): void {
  const [first] = args;
  if (first === undefined || command.args !== undefined) return;
  throw new FlagError(`unexpected argument ${JSON.stringify(first)}`);
}

/** Says which flag may have been meant. */
function advised(failure: SpirekitError, command: CommandClass): SpirekitError {
  if (!(failure instanceof UndefinedFlagError)) return failure;
  const guess = findSuggestion(failure.flagName, Object.keys(command.goFlags).map(kebabFlagName));
  if (guess === undefined) return failure;
  return new AdvisedError(failure.code, failure.message, `Did you mean \`--${guess}\`?`, { cause: failure });
}

function reportFailure(failure: SpirekitError, command: CommandClass, io: CommandIo, runtime: CommandRuntime): number {
  if (runtime.program !== 'spirekit') {
    io.stderr.write(`${command.errorPrefix ?? ''}${failure.message}\n`);
    return 1;
  }
  io.stderr.write(describeFailure(failure, runtime.words ?? command.id?.replaceAll(':', ' ')));
  return ERROR_CODES[umbrellaCode(failure)].exit;
}

/** Beyond what SPIRE prints, and only where a person looks. */
async function hint(failure: SpirekitError, io: CommandIo, runtime: CommandRuntime): Promise<void> {
  const { program, env = process.env, clock = systemClock } = runtime;
  if (program === 'spirekit' || io.stderr.isTTY !== true || failure.code !== 'unavailable') return;
  const { findDropInHint } = await import('./drop-in-hint.ts');
  const line = await findDropInHint(failure, { program, env, cwd: process.cwd(), clock });
  if (line !== undefined) io.stderr.write(`${line}\n`);
}

function makeContext(
  parsed: ParsedFlags<FlagSpecs>,
  rendering: Pick<RenderOptions, 'nameField' | 'fill'>,
  io: CommandIo,
  runtime: CommandRuntime,
  aborter: Abortable,
): CommandContext {
  const env = runtime.env ?? process.env;
  const options = (): RenderOptions => ({ ...rendering, ...tableOptions(io, env, runtime.program) });
  const reader = ({ isTTY }: TextOutput) => ({ isTerminal: isTTY === true && runtime.program === 'spirekit' });
  return {
    program: runtime.program,
    flags: parsed.values,
    given: parsed.given,
    args: parsed.args,
    io,
    env,
    clock: runtime.clock ?? systemClock,
    signal: aborter.signal,
    abortOn: aborter.abortOn,
    out: (line = '') => void io.stdout.write(`${asShown(line, reader(io.stdout))}\n`),
    err: (line) => void io.stderr.write(`${asShown(line, reader(io.stderr))}\n`),
    async print(result) {
      const text = await renderResult(result, chooseFormat(parsed, runtime.program), options());
      if (text !== '') io.stdout.write(text);
    },
    async printList(list) {
      const shown = await withListProgress(list, io, runtime);
      const texts = renderList(shown, chooseFormat(parsed, runtime.program), options());
      for await (const text of texts) await writeText(io.stdout, text);
    },
    exitCode: (code) => (runtime.program === 'spirekit' ? ERROR_CODES[code].exit : 1),
  };
}

/** A list that goes to a file or a pipe shows on a terminal how far it is; one that goes to the terminal shows itself. */
async function withListProgress<T>(
  list: ListResult<T>,
  io: CommandIo,
  runtime: CommandRuntime,
): Promise<ListResult<T>> {
  if (runtime.program !== 'spirekit' || io.stderr.isTTY !== true || io.stdout.isTTY === true) return list;
  const { pagesWithProgress } = await import('./progress-line.ts');
  return { ...list, pages: pagesWithProgress(list.pages, list.total, { io, clock: runtime.clock ?? systemClock }) };
}

function tableOptions({ stdout }: CommandIo, env: Environment, program: Program): RenderOptions {
  const isTerminal = stdout.isTTY === true;
  return {
    color: wantsColor(isTerminal, env),
    columns: knownWidth(stdout),
    isTerminal: isTerminal && program === 'spirekit',
  };
}

/** Terminals that can, unless NO_COLOR is set; others only where FORCE_COLOR asks for it. */
function wantsColor(isTerminal: boolean, env: Environment): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined) return !/^(0|false)$/.test(forced);
  return isTerminal && env['TERM'] !== 'dumb';
}

/** The umbrella shows lists as tables that fit, unless `-output` was given; whatever has no table is pretty anyway. */
function chooseFormat(parsed: ParsedFlags<FlagSpecs>, program: Program): OutputFormat | 'auto' {
  const asked = parsed.values['output'];
  if (asked === 'template') return asked;
  if (program === 'spirekit' && !parsed.given.has('output')) return 'auto';
  switch (asked) {
    case 'json':
    case 'jsonl':
    case 'yaml':
    case 'table':
    case 'name':
      return asked;
    default:
      return 'pretty';
  }
}

interface Abortable {
  readonly signal: AbortSignal;
  /** The signal of the operating system that aborted, if one did. */
  stoppedBy(): NodeJS.Signals | undefined;
  abortOn(...signals: NodeJS.Signals[]): void;
  release(): void;
}

function abortable(outer: AbortSignal | undefined): Abortable {
  const controller = new AbortController();
  const armed = new Map<NodeJS.Signals, () => void>();
  let stoppedBy: NodeJS.Signals | undefined;
  return {
    stoppedBy: () => stoppedBy,
    signal: outer === undefined ? controller.signal : AbortSignal.any([outer, controller.signal]),
    abortOn(...signals) {
      for (const name of signals) {
        if (armed.has(name)) continue;
        const abort = (): void => {
          stoppedBy ??= name;
          controller.abort(new SpirekitError('canceled', `stopped by ${name}`));
        };
        process.on(name, abort);
        armed.set(name, abort);
      }
    },
    release() {
      for (const [name, abort] of armed) process.off(name, abort);
    },
  };
}
