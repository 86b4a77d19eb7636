/** How a proof ended. A proof that lacks what it needs is `skipped` and says why; it never counts as shown. */
export interface ProofResult {
  readonly verdict: 'shown' | 'not shown' | 'skipped';
  readonly figure: string;
}

/** Something claimed of the project that anyone can run again. */
export interface Proof {
  /** One line for the list. */
  readonly shows: string;
  run(args: readonly string[]): Promise<ProofResult>;
}

/** The result for a condition that must hold. */
export function verdict(holds: boolean, figure: string): ProofResult {
  return { verdict: holds ? 'shown' : 'not shown', figure };
}

/** The result where something that the proof needs is absent. */
export function skipped(reason: string): ProofResult {
  return { verdict: 'skipped', figure: reason };
}
