import { SpirekitError } from '../../../runtime/errors.ts';
import { TrustDomain } from '../../../spiffe/trust-domain.ts';
import type { DatastoreChange } from '../change-events.ts';
import { readJson, readRow } from '../sql/json-column.ts';

/** What changed, by name; what it is now stands in its table. */
export interface ChangedNames {
  readonly entryIds: ReadonlySet<string>;
  /** SPIFFE IDs. */
  readonly nodes: ReadonlySet<string>;
  readonly bundles: ReadonlySet<string>;
  readonly federations: ReadonlySet<string>;
}

const LETTERS = { entry: 'e', node: 'n', bundle: 'b', federation: 'f' } as const;

/** The text of changes for other servers: JSON, a list of kind and name by turns. */
export function formatChangeList(changes: readonly DatastoreChange[]): string {
  return JSON.stringify(
    changes.flatMap((change) => (change.kind === 'all' ? [] : [LETTERS[change.kind], nameOf(change)])),
  );
}

/** Reads such texts. Error: `data-loss` for what this program cannot have written. */
export function parseChangeLists(texts: readonly string[]): ChangedNames {
  const names = { e: new Set<string>(), n: new Set<string>(), b: new Set<string>(), f: new Set<string>() };
  for (const text of texts) {
    const list = readJson(text);
    if (!Array.isArray(list) || list.length % 2 !== 0) throw damaged();
    for (let at = 0; at < list.length; at += 2) {
      const [letter, name]: readonly unknown[] = [list[at], list[at + 1]];
      if (typeof name !== 'string' || (letter !== 'e' && letter !== 'n' && letter !== 'b' && letter !== 'f'))
        throw damaged();
      const isTrustDomain = letter === 'b' || letter === 'f';
      if (isTrustDomain && readRow(() => TrustDomain.parse(name)).name !== name) throw damaged();
      names[letter].add(name);
    }
  }
  return { entryIds: names.e, nodes: names.n, bundles: names.b, federations: names.f };
}

function nameOf(change: Exclude<DatastoreChange, { kind: 'all' }>): string {
  switch (change.kind) {
    case 'entry':
      return change.entryId;
    case 'node':
      return change.spiffeId;
    case 'bundle':
    case 'federation':
      return change.trustDomain.name;
  }
}

function damaged(): SpirekitError {
  return new SpirekitError('data-loss', 'datastore holds a damaged row');
}
