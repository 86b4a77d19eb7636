/** How a proof ended. A proof that lacks what it needs is `skipped` and says why; it never counts as shown. */
export interface ProofResult {
  readonly verdict: 'shown' | 'not shown' | 'skipped';
  readonly figure: string;
}

/** Something claimed of the project that anyone can run again. */
export interface Proof {
  /** One line for the list. */
  readonly shows: string;
  /**
   * True if the argument `--short` makes it show the same in about a minute on two cores, with less of it. Every change
   * must pass the short forms, so none of them depends on how fast the machine is.
   */
  readonly hasShortForm?: true;
  run(args: readonly string[]): Promise<ProofResult>;
}

/** The argument that asks for the short form of a proof. */
export const SHORT = '--short';

/** The result for a condition that must hold. */
export function verdict(holds: boolean, figure: string): ProofResult {
  return { verdict: holds ? 'shown' : 'not shown', figure };
}

/** The result where something that the proof needs is absent. */
export function skipped(reason: string): ProofResult {
  return { verdict: 'skipped', figure: reason };
}
