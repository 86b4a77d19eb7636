import { type Proof, type ProofResult, SHORT, verdict } from './proof.ts';

/** A proof and what it is called by. */
export interface NamedProof {
  readonly name: string;
  readonly proof: Proof;
}

/**
 * Runs the short form of each proof that has one, in turn, and counts how they ended. Resolves with false if one of them
 * was not shown; a proof that throws was not, a skipped one stands in nobody's way but prints its reason.
 */
export async function showShortForms(proofs: readonly NamedProof[], say: (line: string) => void): Promise<boolean> {
  const count = { shown: 0, 'not shown': 0, skipped: 0 };
  const closing: string[] = [];
  for (const { name, proof } of proofs.filter(({ proof: { hasShortForm } }) => hasShortForm)) {
    say(`${name}: ${proof.shows}`);
    const result = await showShortForm(proof);
    count[result.verdict] += 1;
    const line = `${result.verdict}: ${name}: ${result.figure}`;
    say(line);
    closing.push(line);
  }
  for (const line of closing) say(line);
  say(`proofs: ${count.shown} shown, ${count['not shown']} not shown, ${count.skipped} skipped`);
  return count['not shown'] === 0;
}

async function showShortForm(proof: Proof): Promise<ProofResult> {
  try {
    return await proof.run([SHORT]);
  } catch (error) {
    return verdict(false, error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}
