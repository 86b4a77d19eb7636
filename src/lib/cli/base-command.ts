import type { Config } from '@oclif/core';
import type { CommandArgument, CommandClass } from './command-class.ts';
import type { CommandContext } from './command-context.ts';
import type { FlagSpecs } from './go-flags.ts';
import { type OclifFlag, oclifFlags } from './oclif-flags.ts';
import { runCommand } from './run-command.ts';
import { umbrellaFlags } from './umbrella-flags.ts';

export type { CommandClass } from './command-class.ts';
export type { CommandContext } from './command-context.ts';

/**
 * The base of every command. oclif finds commands by their shape (static metadata and a static `run`), so none of its
 * code is loaded here; the drop-ins and the umbrella's hot path call {@link runCommand} with the same class.
 *
 * No static of this class may be an enumerable property, hence `declare` and accessors: oclif copies enumerable statics
 * of parents, and would lose the accessors by doing so.
 */
export abstract class BaseCommand<F extends FlagSpecs> {
  /** Set by oclif from the path of the file. */
  declare static id: string;
  /** One sentence, in our own words; also the line in the lists of commands. */
  declare static readonly summary: string;
  /** More about it, for the umbrella's help. */
  declare static readonly description?: string;
  /** Command lines for the umbrella's help; `<%= config.bin %>` stands for the program. */
  declare static readonly examples?: string[];
  /** The flags, by their Go names. The only declaration; what oclif wants is made from it. */
  declare static readonly goFlags: FlagSpecs;
  /** What SPIRE calls the flag set in `Usage of ...:`. */
  declare static readonly usageName: string;
  /** What the drop-in prints before an error's message: SPIRE's server commands print `Error: `. */
  declare static readonly errorPrefix?: string;
  /** SPIRE's agent API commands print a refused flag above the usage text and once more below it. */
  declare static readonly printsFlagErrorTwice?: boolean;
  /** What follows the first argument belongs to it: a command line of another program. */
  declare static readonly stopsAtArgument?: boolean;

  /** The arguments after the flags; without it the umbrella refuses any. The drop-ins never mind, as SPIRE's do not. */
  declare static readonly args?: Record<string, CommandArgument>;

  /** The flags as oclif describes them in help, completion and manifests; oclif does not parse them. */
  static get flags(): Record<string, OclifFlag> {
    // biome-ignore lint/complexity/noThisInStatic: the class that was asked, which extends this one
    return oclifFlags(umbrellaFlags(this.goFlags));
  }

  /** oclif's way in: the umbrella, with the process's streams. Sets the exit code. */
  static async run(this: CommandClass, argv: string[] = process.argv.slice(2), _config?: Config): Promise<void> {
    // biome-ignore lint/complexity/noThisInStatic: the class that was asked, which extends this one
    process.exitCode = await runCommand(this, argv, { program: 'spirekit' });
  }

  /**
   * Does the work and may return an exit code other than 0; an error thrown is printed and mapped to an exit code by the
   * caller (1 on the drop-ins, the error table's on the umbrella).
   */
  abstract execute(context: CommandContext<F>): Promise<number> | Promise<void>;
}
