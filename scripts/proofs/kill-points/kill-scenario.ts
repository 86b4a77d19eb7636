import type { ThreadRole } from './tracer.ts';

/** A program that stands still right before the work in which it is to be killed. */
export interface HeldProgram extends AsyncDisposable {
  readonly pid: number;
  /** Lets it go on; resolves when the work is done, or when the program has ended. */
  work(): Promise<void>;
  /** Kills it if it is still there; resolves when it has ended. */
  end(): Promise<void>;
  /**
   * Looks at what it left, and starts again what has to: resolves with a word for what came of the work, such as `old`
   * or `new`; throws if something is broken.
   */
  check(): Promise<string>;
}

/** Work that must bear to be killed at any moment. */
export interface KillScenario extends AsyncDisposable {
  readonly name: string;
  /** Calls that change something below it count, and those that answer somebody. */
  readonly folder: string;
  /** The threads that do such calls. */
  readonly threads: readonly ThreadRole[];
  /** The same state each time. */
  hold(): Promise<HeldProgram>;
}
