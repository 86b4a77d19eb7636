import type { CommandClass } from '../command-class.ts';

/** What is known of a command line when a value is wanted. */
export interface ValueRequest {
  /** The words of the command. */
  readonly words: string;
  readonly command: CommandClass;
  /** The Go name of the flag; undefined for an argument. */
  readonly flagName: string | undefined;
  /** What stands behind the words of the command, without the word at the cursor. */
  readonly args: readonly string[];
  /** What has been typed of the value. */
  readonly typed: string;
}
