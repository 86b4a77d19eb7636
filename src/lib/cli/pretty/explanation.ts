import type { Explanation } from '../../findings/explanation.ts';

/** What `spirekit help SPK-nnnn` prints. */
export function formatExplanation({ code, title, meaning, remedies }: Explanation): string {
  return `${code} ${title}\n\n${meaning}\n\nWhat to do:\n${remedies.map((remedy) => `- ${remedy}\n`).join('')}`;
}
