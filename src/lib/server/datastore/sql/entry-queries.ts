import { SpirekitError } from '../../../runtime/errors.ts';
import type { RegistrationEntry } from '../../../spiffe/registration-entry.ts';
import type { TrustDomain } from '../../../spiffe/trust-domain.ts';
import type { EntryRow } from './entry-row.ts';
import { selectInPieces } from './in-pieces.ts';
import type { Queries } from './session.ts';

/** The rows of those of the given ids that exist. */
export function selectEntryRows(db: Queries, entryIds: Iterable<string>): Promise<EntryRow[]> {
  return selectInPieces(entryIds, (ids) =>
    db.selectFrom('registered_entries').selectAll().where('entry_id', 'in', ids).execute(),
  );
}

/** Those of the trust domains that the entries federate with whose bundle is there. */
export async function findFederatedBundles(
  db: Queries,
  entries: readonly Pick<RegistrationEntry, 'federatesWith'>[],
): Promise<ReadonlySet<string>> {
  const wanted = new Set<string>();
  for (const { federatesWith } of entries) for (const { name } of federatesWith) wanted.add(name);
  const rows = await selectInPieces(wanted, (names) =>
    db.selectFrom('bundles').select('trust_domain').where('trust_domain', 'in', names).execute(),
  );
  return new Set(rows.map((row) => row.trust_domain));
}

/** Error: `failed-precondition` for a trust domain whose bundle is not there. */
export function requireFederatedBundles(bundles: ReadonlySet<string>, trustDomains: readonly TrustDomain[]): void {
  const missing = trustDomains.find(({ name }) => !bundles.has(name));
  if (missing === undefined) return;
  throw new SpirekitError('failed-precondition', `unable to find federated bundle "spiffe://${missing.name}"`);
}

/** Trust domains as they are stored: in order, each once. */
export function sortedNames(trustDomains: readonly TrustDomain[]): TrustDomain[] {
  const byName = new Map(trustDomains.map((trustDomain) => [trustDomain.name, trustDomain]));
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
