import { type Clock, systemClock } from '../runtime/clock.ts';
import { ERROR_CODES, SpirekitError } from '../runtime/errors.ts';
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
import { renderList, writeText } from './list-printer.ts';
import { renderResult } from './printer.ts';
import { kebabFlagName, type Program } from './programs.ts';
import { findSuggestion } from './suggestion.ts';
import type { TableOptions } from './table.ts';

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
  const flagSet = new GoFlagSet(command.usageName, command.goFlags, runtime.program);
  let parsed: ParsedFlags<FlagSpecs>;
  try {
    parsed = flagSet.parse(argv, { stopsAtArgument: command.stopsAtArgument });
    if (runtime.program === 'spirekit') refuseArguments(command, parsed.args);
  } catch (error) {
    if (error instanceof FlagHelpRequested) {
      io.stderr.write(flagSet.usageText());
      return 0;
    }
    const failure = SpirekitError.from(error);
    if (runtime.program === 'spirekit') return reportFailure(advised(failure, command), command, io, runtime);
    io.stderr.write(`${failure.message}\n${flagSet.usageText()}`);
    return command.printsFlagErrorTwice === true ? reportFailure(failure, command, io, runtime) : 1;
  }
  const aborter = abortable(runtime.signal);
  try {
    const context = makeContext(parsed, io, runtime, aborter);
    return (await new command().execute(context)) ?? 0;
  } catch (error) {
    const failure = SpirekitError.from(error);
    const stoppedBy = aborter.stoppedBy();
    // Who stops a command knows it; the exit code is a shell's.
    if (runtime.program === 'spirekit' && failure.code === 'canceled' && stoppedBy !== undefined) {
      const { constants } = await import('node:os');
      return 128 + constants.signals[stoppedBy];
    }
    return reportFailure(failure, command, io, runtime);
  } finally {
    aborter.release();
  }
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

function makeContext(
  parsed: ParsedFlags<FlagSpecs>,
  io: CommandIo,
  runtime: CommandRuntime,
  aborter: Abortable,
): CommandContext {
  const env = runtime.env ?? process.env;
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
    out: (line = '') => void io.stdout.write(`${line}\n`),
    err: (line) => void io.stderr.write(`${line}\n`),
    async print(result) {
      const text = await renderResult(result, chooseFormat(parsed, runtime.program), tableOptions(io, env));
      if (text !== '') io.stdout.write(text);
    },
    async printList(list) {
      const texts = renderList(list, chooseFormat(parsed, runtime.program), tableOptions(io, env));
      for await (const text of texts) await writeText(io.stdout, text);
    },
    exitCode: (code) => (runtime.program === 'spirekit' ? ERROR_CODES[code].exit : 1),
  };
}

function tableOptions({ stdout }: CommandIo, env: Environment): TableOptions {
  return { color: stdout.isTTY === true && (env['NO_COLOR'] ?? '') === '', columns: stdout.columns };
}

/** The umbrella shows lists as tables that fit, unless `-output` was given; whatever has no table is pretty anyway. */
function chooseFormat(parsed: ParsedFlags<FlagSpecs>, program: Program): OutputFormat | 'auto' {
  const asked = parsed.values['output'];
  if (program === 'spirekit' && !parsed.given.has('output')) return 'auto';
  switch (asked) {
    case 'json':
    case 'jsonl':
    case 'yaml':
    case 'table':
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
