import { type ProofResult, verdict } from './proof.ts';

/** Runs the short form of a proof and resolves with its output; what it prints is seen meanwhile. */
export type RunShortForm = (name: string) => Promise<{ readonly code: number | null; readonly stdout: string }>;

/**
 * Runs the short forms of proofs, one after the other, and counts how they ended. Resolves with false if one of them was
 * not shown; a proof that crashes was not, a skipped one stands in nobody's way but prints its reason.
 */
export async function showShortForms(
  names: readonly string[],
  run: RunShortForm,
  say: (line: string) => void,
): Promise<boolean> {
  const count = { shown: 0, 'not shown': 0, skipped: 0 };
  const closing: string[] = [];
  for (const name of names) {
    const startedMs = performance.now();
    const result = readResult(name, await run(name));
    count[result.verdict] += 1;
    closing.push(formatResult(name, result));
    say(`${name} took ${Math.round((performance.now() - startedMs) / 1000)} s`);
  }
  for (const line of closing) say(line);
  say(`proofs: ${count.shown} shown, ${count['not shown']} not shown, ${count.skipped} skipped`);
  return count['not shown'] === 0;
}

/** The line that says how a proof ended. */
export function formatResult(name: string, result: ProofResult): string {
  return `${result.verdict}: ${name}: ${result.figure}`;
}

function readResult(
  name: string,
  { code, stdout }: { readonly code: number | null; readonly stdout: string },
): ProofResult {
  const last = stdout.trimEnd().split('\n').at(-1) ?? '';
  const [, found, named, figure] = /^(shown|not shown|skipped): ([^:]+): (.*)$/.exec(last) ?? [];
  if (named !== name || figure === undefined) return verdict(false, `it ended with exit code ${code} and no result`);
  if (found === 'skipped') return { verdict: 'skipped', figure };
  return verdict(found === 'shown' && code === 0, figure);
}
