import { editDistance } from './edit-distance.ts';

/** Nobody types longer ones; finding their neighbours takes long. */
const LONGEST_WORD = 100;

/** The known word nearest to one that is not known, if it is near enough to be a slip of the hand. */
export function findSuggestion(word: string, known: Iterable<string>): string | undefined {
  if (word.length > LONGEST_WORD) return undefined;
  let nearest: { name: string; distance: number } | undefined;
  for (const name of known) {
    const distance = editDistance(word, name);
    if (distance < (nearest?.distance ?? Number.POSITIVE_INFINITY)) nearest = { name, distance };
  }
  return nearest !== undefined && nearest.distance <= Math.max(1, Math.floor(word.length / 3))
    ? nearest.name
    : undefined;
}
