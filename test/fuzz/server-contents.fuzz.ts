import { compareContents } from '../../src/lib/cli/move/compare-contents.ts';
import { formatContents, parseContents } from '../../src/lib/cli/move/contents-file.ts';
import type { ServerContents } from '../../src/lib/cli/move/server-contents.ts';
import { SpirekitError } from '../../src/lib/runtime/errors.ts';

/** Any bytes are refused with a code, or hold what can be written and read again without a difference. */
export function target(bytes: Uint8Array): void {
  let contents: ServerContents;
  try {
    contents = parseContents(bytes);
  } catch (error) {
    if (error instanceof SpirekitError && error.code !== 'unknown' && error.code !== 'internal') return;
    throw error;
  }
  // Text that is no Unicode comes from no server.
  if (!JSON.stringify(contents.entries, bigintText).isWellFormed()) return;
  const again = parseContents(Buffer.from(formatContents(contents)));
  const { present } = compareContents(unique(again), unique(again));
  if (present.some(({ outcome }) => outcome !== 'same')) throw new Error('it differs from itself');
  if (JSON.stringify(again.entries, bigintText) !== JSON.stringify(contents.entries, bigintText))
    throw new Error('entries');
  if (JSON.stringify(again.relationships) !== JSON.stringify(contents.relationships.map(withoutBundle))) {
    throw new Error('relationships');
  }
}

function withoutBundle(relationship: ServerContents['relationships'][number]) {
  return { ...relationship, trustDomainBundle: undefined };
}

/** A file may name something twice, which no server does. */
function unique(contents: ServerContents): ServerContents {
  const by = <T>(items: readonly T[], keyOf: (item: T) => string): T[] => [
    ...new Map(items.map((item) => [keyOf(item), item])).values(),
  ];
  return {
    trustDomain: contents.trustDomain,
    bundles: by(contents.bundles, ({ trustDomain }) => trustDomain),
    relationships: by(contents.relationships, ({ trustDomain }) => trustDomain),
    entries: by(contents.entries, ({ id }) => id),
  };
}

function bigintText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
