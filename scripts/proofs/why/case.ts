import type { SpkCode } from '../../../src/lib/findings/finding.ts';
import type { WhyStage } from './stage.ts';

/** A misconfiguration, how it is asked about, and its true cause. */
export interface WhyCase {
  readonly name: string;
  /** The code that the verdict must have. */
  readonly code: SpkCode;
  /** What the verdict must be about; an entry by its ID, for those that {@link prepare} made. */
  readonly subject?: string;
  /** Default 4. */
  readonly exit?: number;
  /** Makes it so; returns what `why` is called with beside the sockets, and the entry that is at fault. */
  prepare(stage: WhyStage): Promise<Prepared>;
}

/** How to ask, and what to expect. */
export interface Prepared {
  readonly args: readonly string[];
  /** The entry that the verdict must name. */
  readonly entryId?: string | undefined;
  /** In place of the stage's own. */
  readonly serverSocket?: string;
  readonly agentSocket?: string;
  /** Run as this user. */
  readonly uid?: number;
}
