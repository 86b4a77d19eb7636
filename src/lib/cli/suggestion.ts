import { childrenOf, parentOf } from './word-resolution.ts';

/** What to type instead of words that name no command: the nearest command, or the help that lists all there are. */
export function adviseOnWords(words: string, commands: Iterable<string>): string {
  const parent = parentOf(words);
  const guess = findSuggestion(words, childrenOf(commands, parent));
  if (guess !== undefined) return `Did you mean \`spirekit ${guess}\`?`;
  return `Run \`spirekit ${parent === '' ? '' : `${parent} `}--help\` to see what there is.`;
}

/** The known word nearest to one that is not known, if it is near enough to be a slip of the hand. */
export function findSuggestion(word: string, known: Iterable<string>): string | undefined {
  let nearest: { name: string; distance: number } | undefined;
  for (const name of known) {
    const distance = editDistance(word, name);
    if (distance < (nearest?.distance ?? Number.POSITIVE_INFINITY)) nearest = { name, distance };
  }
  return nearest !== undefined && nearest.distance <= Math.max(1, Math.floor(word.length / 3))
    ? nearest.name
    : undefined;
}

/** How many letters to insert, drop, change or swap with their neighbour to make one word of the other. */
export function editDistance(from: string, to: string): number {
  let older: number[] = [];
  let old = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const change = (old[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      let best = Math.min(change, (old[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1);
      const isSwap = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (isSwap) best = Math.min(best, (older[column - 2] ?? 0) + 1);
      current.push(best);
    }
    older = old;
    old = current;
  }
  return old[to.length] ?? 0;
}
