import type { Finding } from '../findings/finding.ts';

/** One thing that the doctor looks at. It reads and never writes; a new one is a file and a line in `all-checks.ts`. */
export interface Check<Patient> {
  /** A few words for lists, such as `socket file`. */
  readonly name: string;
  /** Returns what is wrong, nothing if all is well, or why it could not be looked at. */
  look(patient: Patient): Promise<Outcome>;
}

/** What came of a look. */
export type Outcome = readonly Finding[] | Skipped;

/** A look that could not be taken, which says nothing about health. */
export interface Skipped {
  /** Why, as half a sentence: `no configuration file was found`. */
  readonly skipped: string;
}

/** Whether a look was taken. */
export function isSkipped(outcome: Outcome): outcome is Skipped {
  return 'skipped' in outcome;
}
