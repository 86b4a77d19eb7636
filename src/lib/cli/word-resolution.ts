/** What the words of a command line stand for. */
export type Resolution =
  | { readonly kind: 'version' }
  /** Nothing was named; `isAsked` tells `-h` from an empty command line. */
  | { readonly kind: 'top'; readonly isAsked: boolean }
  /** No such command; `words` is what was looked up. */
  | { readonly kind: 'unknown'; readonly words: string }
  /** Words that only lead to further words, or a command with its arguments. */
  | {
      readonly kind: 'group' | 'command';
      readonly words: string;
      readonly args: readonly string[];
      readonly isHelp: boolean;
      /** Flags stand before the first word. */
      readonly hasMisplacedFlags: boolean;
    };

/**
 * Finds the command that a command line names, as the framework of SPIRE's programs does: help is asked for anywhere
 * before `--`, version only before the first word, the longest known run of words wins and what follows is arguments.
 *
 * @param commands the command words, such as `api fetch x509`
 */
export function resolveWords(commands: Iterable<string>, argv: readonly string[]): Resolution {
  const known = new Set(commands);
  const names = new Set([...known].flatMap(withGroups));
  const scan = scanArguments(names, argv);
  if (scan.isVersion) return { kind: 'version' };
  if (scan.words === '') return { kind: 'top', isAsked: scan.isHelp };
  if (!names.has(scan.words)) return { kind: 'unknown', words: scan.words };
  return {
    kind: known.has(scan.words) ? 'command' : 'group',
    words: scan.words,
    args: scan.args,
    isHelp: scan.isHelp,
    hasMisplacedFlags: scan.hasMisplacedFlags,
  };
}

/** The names one word below a name (all first words for the empty name), in order, groups among them. */
export function childrenOf(commands: Iterable<string>, parent: string): readonly string[] {
  const prefix = parent === '' ? '' : `${parent} `;
  const names = [...commands].flatMap(withGroups).filter((name) => name.startsWith(prefix));
  return [...new Set(names.filter((name) => name !== '' && !name.slice(prefix.length).includes(' ')))].sort();
}

/** The group that holds a name; empty for first words. */
export function parentOf(words: string): string {
  return words.slice(0, Math.max(0, words.lastIndexOf(' ')));
}

function withGroups(command: string): string[] {
  const words = command.split(' ');
  return words.map((_, index) => words.slice(0, index + 1).join(' '));
}

interface Scan {
  words: string;
  args: readonly string[];
  isHelp: boolean;
  isVersion: boolean;
  hasMisplacedFlags: boolean;
}

function scanArguments(names: ReadonlySet<string>, argv: readonly string[]): Scan {
  const scan: Scan = { words: '', args: [], isHelp: false, isVersion: false, hasMisplacedFlags: false };
  for (const [index, word] of argv.entries()) {
    if (word === '--') break;
    if (word === '-h' || word === '-help' || word === '--help') {
      scan.isHelp = true;
      continue;
    }
    if (scan.words !== '') continue;
    if (word === '-v' || word === '-version' || word === '--version') {
      scan.isVersion = true;
      continue;
    }
    if (word === '') continue;
    if (word.startsWith('-')) {
      scan.hasMisplacedFlags = true;
      continue;
    }
    if (word.includes(' ')) break;
    scan.words = longestKnown(names, argv.slice(index)) ?? word;
    scan.args = argv.slice(index + scan.words.split(' ').length);
  }
  return scan;
}

function longestKnown(names: ReadonlySet<string>, argv: readonly string[]): string | undefined {
  const end = argv.findIndex((word) => word === '' || word.startsWith('-') || word.includes(' '));
  const words = end < 0 ? argv : argv.slice(0, end);
  const key = words.join(' ');
  const candidates = [...names].filter((name) => key.startsWith(name));
  const longest = candidates.reduce((best, name) => (name.length > best.length ? name : best), '');
  // A name that ends within a word (`api fetch` in `api fetchy`) hides shorter ones too: only the first word is left.
  const isWhole = longest !== '' && ` ${key} `.includes(`${longest} `);
  return isWhole ? longest : undefined;
}
