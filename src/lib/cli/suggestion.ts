import { findSuggestion } from '../runtime/nearest-word.ts';
import { childrenOf, parentOf } from './word-resolution.ts';

/** What to type instead of words that name no command: the nearest command, or the help that lists all there are. */
export function adviseOnWords(words: string, commands: Iterable<string>): string {
  const parent = parentOf(words);
  const known = [...commands];
  const siblings = childrenOf(known, parent);
  const last = words.slice(parent === '' ? 0 : parent.length + 1);
  const synonym = siblings.find((name) => areSynonyms(last, lastWord(name)));
  const nearest = findSuggestion(last, siblings.map(lastWord));
  const guess = synonym ?? siblings.find((name) => lastWord(name) === nearest);
  if (guess !== undefined) return `Did you mean \`spirekit ${guess}\`?`;
  const elsewhere = parent === '' ? endingWith(words, known) : [];
  if (elsewhere.length > 0) return `Did you mean ${elsewhere.map((name) => `\`spirekit ${name}\``).join(' or ')}?`;
  return `Run \`spirekit ${parent === '' ? '' : `${parent} `}--help\` to see what there is.`;
}

function lastWord(words: string): string {
  return words.slice(words.lastIndexOf(' ') + 1);
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
