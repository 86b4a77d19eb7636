import type { DeploymentOptions } from '../../../test/support/deployment.ts';

/** What becomes of an agent in a situation. */
export interface Outcome {
  /** Its exit code, or that it goes on. */
  readonly end: number | null | 'goes on';
  /** All that it has logged. */
  readonly log: string;
  /** What was not as it should have been, beside that. */
  readonly wrong: readonly string[];
}

/** Whose programs play. */
export interface Cast extends Pick<DeploymentOptions, 'daemons' | 'clients'> {
  /** Whether the agent is this project's. */
  readonly isOurAgent: boolean;
}

/** Something that happens to an agent. */
export interface Situation {
  readonly name: string;
  readonly end: Outcome['end'];
  /** What the agent must say; where SPIRE's says something, in its words. */
  readonly says: string;
  /** What the line with the remedy must hold; undefined where there is nothing to mend. */
  readonly remedy?: string;
  /** True if SPIRE's own agent does the same. */
  readonly isSpires: boolean;
  /** True if it takes more than a minute. */
  readonly isSlow?: true;
  play(cast: Cast): Promise<Outcome>;
}

/** The line of a log that says what to do. */
export function remedyIn(log: string): string | undefined {
  return /What to do: (.*?)"?$/m.exec(log.replaceAll('\\"', "'"))?.[1];
}
