import type { Clock } from '../runtime/clock.ts';
import type { ErrorCode } from '../runtime/errors.ts';
import type { FlagSpecs, FlagValues } from './go-flags.ts';
import type { ListResult } from './list-printer.ts';
import type { Result } from './printer.ts';
import type { Program } from './programs.ts';
import type { TextOutput } from './text-output.ts';

/** The streams of a command. */
export interface CommandIo {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: TextOutput;
  readonly stderr: TextOutput;
}

/** Variables of the environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Everything a command may touch: nothing of it is reached through globals. */
export interface CommandContext<F extends FlagSpecs = FlagSpecs> {
  /** The program that was called; drop-ins print exactly what SPIRE prints. */
  readonly program: Program;
  readonly flags: FlagValues<F>;
  /** The Go names of the flags given on the command line, whatever their value. */
  readonly given: ReadonlySet<string>;
  /** What follows the flags. */
  readonly args: readonly string[];
  readonly io: CommandIo;
  readonly env: Environment;
  readonly clock: Clock;
  /** Aborts on the signals that {@link abortOn} named; never otherwise. */
  readonly signal: AbortSignal;
  /** From now on these signals of the operating system abort {@link signal} instead of ending the process. */
  abortOn(...signals: NodeJS.Signals[]): void;
  /** Writes a line to stdout. */
  out(line?: string): void;
  /** Writes a line to stderr. */
  err(line: string): void;
  /** Prints a result in the format that the flag `output` asks for. */
  print(result: Result): Promise<void>;
  /** Prints a list while it comes, in the format that the flag `output` asks for. */
  printList<T>(list: ListResult<T>): Promise<void>;
  /** The exit code of a failure: 1 on the drop-ins, the error table's on the umbrella. */
  exitCode(code: ErrorCode): number;
}
