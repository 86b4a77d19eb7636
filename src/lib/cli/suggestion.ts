import { childrenOf, parentOf } from './word-resolution.ts';

/** What to type instead of words that name no command: the nearest command, or the help that lists all there are. */
export function adviseOnWords(words: string, commands: Iterable<string>): string {
  const parent = parentOf(words);
  const known = [...commands];
  const siblings = childrenOf(known, parent);
  const last = words.slice(parent === '' ? 0 : parent.length + 1);
  const synonym = siblings.find((name) => areSynonyms(last, name.slice(name.lastIndexOf(' ') + 1)));
  const guess = synonym ?? findSuggestion(words, siblings);
  if (guess !== undefined) return `Did you mean \`spirekit ${guess}\`?`;
  const elsewhere = parent === '' ? endingWith(words, known) : [];
  if (elsewhere.length > 0) return `Did you mean ${elsewhere.map((name) => `\`spirekit ${name}\``).join(' or ')}?`;
  return `Run \`spirekit ${parent === '' ? '' : `${parent} `}--help\` to see what there is.`;
}

/** Words that other programs use for what ours call by the first. */
const SYNONYMS = [
  ['show', 'list', 'ls', 'get', 'describe'],
  ['list', 'show', 'ls', 'get'],
  ['create', 'add', 'new'],
  ['delete', 'remove', 'rm'],
  ['update', 'edit', 'set'],
  ['evict', 'delete', 'remove', 'rm'],
  ['generate', 'create', 'new'],
];

function areSynonyms(typed: string, known: string): boolean {
  return SYNONYMS.some(([ours, ...theirs]) => ours === known && theirs.includes(typed));
}

/** At most this many places are worth reading. */
const MAX_PLACES = 3;

/** Names with the word at their end: the drop-ins' `run` is the umbrella's `agent run` or `server run`. */
function endingWith(word: string, commands: readonly string[]): readonly string[] {
  const groups = commands.map(parentOf);
  const names = [...new Set([...commands, ...groups])].filter((name) => name.endsWith(` ${word}`));
  return names.length <= MAX_PLACES ? names.sort() : [];
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
