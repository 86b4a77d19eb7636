import type { SpkCode } from './finding.ts';

/** What `spirekit help CODE` says about a code. */
export interface Explanation {
  readonly code: SpkCode;
  /** A few words that name it, without a full stop. */
  readonly title: string;
  /** What it means: when it is said and what usually lies behind it. */
  readonly meaning: string;
  /** What to do, most likely first; a command line stands between backticks. */
  readonly remedies: readonly string[];
}
