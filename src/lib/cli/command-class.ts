import type { CommandContext } from './command-context.ts';
import type { FlagSpecs } from './go-flags.ts';

/** A command's class as the command table loads it; `BaseCommand` says what its statics mean. */
export interface CommandClass {
  readonly id?: string;
  readonly summary: string;
  readonly goFlags: FlagSpecs;
  readonly usageName: string;
  readonly errorPrefix?: string;
  readonly printsFlagErrorTwice?: boolean;
  readonly stopsAtArgument?: boolean;
  readonly args?: Readonly<Record<string, CommandArgument>>;
  new (): { execute(context: CommandContext): Promise<number> | Promise<void> };
}

/** An argument that stands after the flags, as oclif's help shows it. */
export interface CommandArgument {
  readonly description: string;
  readonly required?: boolean;
}
