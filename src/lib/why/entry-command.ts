import { formatSelector, type Selector } from '../spiffe/selector.ts';
import type { KnownEntry } from './known-entry.ts';
import type { NearEntry } from './near-entry.ts';
import type { EntryChange } from './obstacle.ts';
import { isOpen } from './shown-selectors.ts';

/** How command lines that mend something are written. */
export interface CommandStyle {
  /** Flags that name the server, as they were given: `--socket-path`, `/run/spire.sock`. */
  readonly serverFlags: readonly string[];
  /** Show values that may be secret. */
  readonly showAll: boolean;
}

/** Said instead of a command line that would show what may be secret. */
const HIDDEN =
  'Give --show-selectors to see the `entry update` that changes it: it has to repeat selectors that may be secret.';

/**
 * The `entry update` that makes the changes, as advice for people: an update replaces an entry as a whole, so it repeats
 * everything. Undefined if nothing would change.
 */
export function adviseUpdate(
  entry: KnownEntry,
  changes: readonly EntryChange[],
  style: CommandStyle,
): string | undefined {
  if (changes.length === 0) return undefined;
  const { wire } = entry;
  const selectors = changedSelectors(entry.selectors, changes);
  if (!style.showAll && !selectors.every(isOpen)) return HIDDEN;
  // Without any it would fit nobody, and is refused.
  if (selectors.length === 0) return undefined;
  const isExpiryMended = changes.some(({ kind }) => kind === 'expiry');
  const isStoreMended = changes.some(({ kind }) => kind === 'store');
  const parent = changes.find((change) => change.kind === 'parent')?.to ?? entry.parentId;
  const words = [
    ...['entry', 'update', '--entry-id', wire.id, '--spiffe-id', entry.spiffeId, '--parent-id', parent],
    ...selectors.flatMap((selector) => ['--selector', formatSelector(selector)]),
    ...(wire.x509SvidTtl === 0 ? [] : ['--x509-svid-ttl', String(wire.x509SvidTtl)]),
    ...(wire.jwtSvidTtl === 0 ? [] : ['--jwt-svid-ttl', String(wire.jwtSvidTtl)]),
    ...wire.federatesWith.flatMap((trustDomain) => ['--federates-with', trustDomain]),
    ...(wire.admin ? ['--admin'] : []),
    ...(wire.downstream ? ['--downstream'] : []),
    ...(wire.storeSvid && !isStoreMended ? ['--store-svid'] : []),
    ...(wire.expiresAt === 0n || isExpiryMended ? [] : ['--entry-expiry', String(wire.expiresAt)]),
    ...wire.dnsNames.flatMap((name) => ['--dns', name]),
    ...(wire.hint === '' ? [] : ['--hint', wire.hint]),
  ];
  return commandLine(words, style);
}

/** The `entry create` that gives an ID to whoever has the selectors, as advice for people. */
export function adviseCreate(
  what: { readonly spiffeId: string; readonly parentId: string; readonly selectors: readonly Selector[] },
  style: CommandStyle,
): string | undefined {
  if (what.selectors.length === 0) return undefined;
  if (!style.showAll && !what.selectors.every(isOpen)) return undefined;
  const words = [
    ...['entry', 'create', '--spiffe-id', what.spiffeId, '--parent-id', what.parentId],
    ...what.selectors.flatMap((selector) => ['--selector', formatSelector(selector)]),
  ];
  return commandLine(words, style);
}

/** Between backticks; undefined where a word has characters that no terminal should see. */
export function commandLine(
  words: readonly string[],
  { serverFlags }: Pick<CommandStyle, 'serverFlags'>,
): string | undefined {
  const all = ['spirekit', ...words, ...serverFlags];
  if (all.some((word) => /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/.test(word)))
    return undefined;
  return `\`${all.map(shellWord).join(' ')}\``;
}

/** A word as a POSIX shell reads it back. */
export function shellWord(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function changedSelectors(selectors: readonly Selector[], changes: readonly EntryChange[]): Selector[] {
  const changed = selectors.flatMap((selector) => {
    const change = changes.find((each) => each.kind === 'selector' && each.from === selector);
    if (change?.kind !== 'selector') return [selector];
    return change.to === undefined ? [] : [change.to];
  });
  const texts = new Set<string>();
  return changed.filter((selector) => {
    const text = formatSelector(selector);
    if (texts.has(text)) return false;
    texts.add(text);
    return true;
  });
}

/** What mends an entry: the command that changes it, and what can be done elsewhere. */
export function remedyOf({ entry, obstacles }: NearEntry, style: CommandStyle): { remedy?: string } {
  const changes = obstacles.flatMap(({ change }) => change ?? []);
  const elsewhere = obstacles.flatMap(({ remedy }) => remedy ?? []);
  const isWhole = obstacles.every(({ change, remedy }) => change !== undefined || remedy !== undefined);
  const command = isWhole ? adviseUpdate(entry, changes, style) : undefined;
  const parts = [...elsewhere, ...(command === undefined ? [] : [command])];
  return parts.length === 0
    ? {}
    : { remedy: parts.join(elsewhere.length > 0 && command !== undefined ? ' Or: ' : ' ') };
}
