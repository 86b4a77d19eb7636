/** A word that could stand where the cursor is. */
export interface Candidate {
  readonly value: string;
  /** A few words beside it, where the shell shows any. */
  readonly description?: string;
}

/**
 * What a shell is told: candidates; or that it should offer names of files, folders or programs itself, which it does
 * better; `unfinished` candidates go on after the cursor, so no blank follows them.
 */
export type Completion =
  | { readonly kind: 'words' | 'unfinished'; readonly candidates: readonly Candidate[] }
  | { readonly kind: 'files' | 'folders' | 'command' };

/** How many candidates a shell gets; more help nobody. */
export const MAX_CANDIDATES = 200;

/**
 * As the scripts read it: the kind on the first line, then a candidate a line, its description behind a tab. Those that
 * could not be typed as they are, or would break the lines, are left out.
 */
export function formatCompletion(completion: Completion): string {
  if (!('candidates' in completion)) return `${completion.kind}\n`;
  const lines = completion.candidates
    .filter(({ value }) => /^[^\s\u0000-\u001f\u007f-\u009f"'\\$`;&|<>(){}[\]*?!#~]+$/.test(value))
    .slice(0, MAX_CANDIDATES)
    .map(({ value, description = '' }) => {
      const words = description
        .replaceAll(/[\s\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g, ' ')
        .slice(0, 100);
      return words === '' ? value : `${value}\t${words}`;
    });
  return `${[completion.kind, ...lines].join('\n')}\n`;
}
