import type { Selectable, Transaction } from 'kysely';
import { SpirekitError } from '../../../runtime/errors.ts';
import type { AuthorityBundle, AuthorityBundleField, KeyAuthority } from '../../../spiffe/authority-bundle.ts';
import type { TrustDomain } from '../../../spiffe/trust-domain.ts';
import { appendAuthorities, pruneAuthorities, revokeKey, revokeX509, taintKey, taintX509 } from '../bundle-changes.ts';
import type { AuthorityStore, BundleDeleteMode, BundleStore, KeyAuthorityKind } from '../bundle-store.ts';
import { recordNotFound, repeated } from '../entry-rules.ts';
import type { Page, PageRequest } from '../pagination.ts';
import { formatBundleContent, parseBundleContent } from './bundle-row.ts';
import { fromEntryRow, toEntryRow } from './entry-row.ts';
import { readPaged } from './paging.ts';
import type { BundleTable, Schema } from './schema.ts';
import type { NoteChange, Queries, SqlSession } from './session.ts';
import { deleteEntryRows } from './sql-entry-store.ts';

/** Trust bundles in an SQL table. */
export class SqlBundleStore implements BundleStore, AuthorityStore {
  readonly #session: SqlSession;

  constructor(config: { session: SqlSession }) {
    this.#session = config.session;
  }

  countBundles(): Promise<number> {
    return this.#session.read(async (db) => {
      const { count } = await db
        .selectFrom('bundles')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow();
      return Number(count);
    });
  }

  listBundles(page?: PageRequest): Promise<Page<AuthorityBundle>> {
    return this.#session.read((db) =>
      readPaged(
        page,
        ({ afterId, limit }) =>
          db.selectFrom('bundles').selectAll().where('id', '>', afterId).orderBy('id').limit(limit).execute(),
        fromRow,
      ),
    );
  }

  findBundle(trustDomain: TrustDomain): Promise<AuthorityBundle | undefined> {
    return this.#session.read((db) => selectBundle(db, trustDomain));
  }

  createBundle(bundle: AuthorityBundle): Promise<AuthorityBundle> {
    return this.#session.write(async (tx, note) => {
      if ((await selectBundle(tx, bundle.trustDomain)) !== undefined) throw repeated('bundles.trust_domain');
      return saveBundle(tx, bundle, note);
    });
  }

  setBundle(bundle: AuthorityBundle): Promise<AuthorityBundle> {
    return this.#session.write((tx, note) => saveBundle(tx, bundle, note));
  }

  advanceBundle(bundle: AuthorityBundle): Promise<AuthorityBundle> {
    return this.#session.write(async (tx, note) => {
      const current = await selectBundle(tx, bundle.trustDomain);
      const isOlder = bundle.sequenceNumber !== 0n && bundle.sequenceNumber < (current?.sequenceNumber ?? 0n);
      return current !== undefined && isOlder ? current : saveBundle(tx, bundle, note);
    });
  }

  updateBundle(bundle: AuthorityBundle, fields?: ReadonlySet<AuthorityBundleField>): Promise<AuthorityBundle> {
    return this.#change(bundle.trustDomain, (current) =>
      fields === undefined
        ? bundle
        : { ...current, ...Object.fromEntries([...fields].map((field) => [field, bundle[field]])) },
    );
  }

  appendBundle(bundle: AuthorityBundle): Promise<AuthorityBundle> {
    return this.#session.write(async (tx, note) => {
      const current = await selectBundle(tx, bundle.trustDomain);
      if (current === undefined) return saveBundle(tx, bundle, note);
      const appended = appendAuthorities(current, bundle);
      return appended === undefined ? current : saveBundle(tx, appended, note);
    });
  }

  deleteBundle(trustDomain: TrustDomain, mode: BundleDeleteMode): Promise<void> {
    return this.#session.write(async (tx, note) => {
      await getBundle(tx, trustDomain);
      await releaseEntries(tx, trustDomain, mode, note);
      await tx.deleteFrom('bundles').where('trust_domain', '=', trustDomain.name).execute();
      note({ kind: 'bundle', trustDomain });
    });
  }

  pruneBundle(trustDomain: TrustDomain, expiredBeforeSeconds: number): Promise<boolean> {
    return this.#session.write(async (tx, note) => {
      const current = await selectBundle(tx, trustDomain);
      const pruned = current === undefined ? undefined : pruneAuthorities(current, expiredBeforeSeconds);
      if (pruned === undefined) return false;
      await saveBundle(tx, pruned, note);
      return true;
    });
  }

  async taintX509Authority(trustDomain: TrustDomain, subjectKeyId: string): Promise<void> {
    await this.#change(trustDomain, (bundle) => taintX509(bundle, subjectKeyId));
  }

  async revokeX509Authority(trustDomain: TrustDomain, subjectKeyId: string): Promise<void> {
    await this.#change(trustDomain, (bundle) => revokeX509(bundle, subjectKeyId));
  }

  taintKeyAuthority(trustDomain: TrustDomain, kind: KeyAuthorityKind, keyId: string): Promise<KeyAuthority> {
    return this.#changeKey(trustDomain, (bundle) => taintKey(bundle, kind, keyId));
  }

  revokeKeyAuthority(trustDomain: TrustDomain, kind: KeyAuthorityKind, keyId: string): Promise<KeyAuthority> {
    return this.#changeKey(trustDomain, (bundle) => revokeKey(bundle, kind, keyId));
  }

  #change(trustDomain: TrustDomain, change: (bundle: AuthorityBundle) => AuthorityBundle): Promise<AuthorityBundle> {
    return this.#session.write(async (tx, note) => saveBundle(tx, change(await getBundle(tx, trustDomain)), note));
  }

  #changeKey(
    trustDomain: TrustDomain,
    change: (bundle: AuthorityBundle) => { bundle: AuthorityBundle; key: KeyAuthority },
  ): Promise<KeyAuthority> {
    return this.#session.write(async (tx, note) => {
      const { bundle, key } = change(await getBundle(tx, trustDomain));
      await saveBundle(tx, bundle, note);
      return key;
    });
  }
}

function fromRow(row: Selectable<BundleTable>): AuthorityBundle {
  return parseBundleContent(row.trust_domain, row.content);
}

async function selectBundle(db: Queries, trustDomain: TrustDomain): Promise<AuthorityBundle | undefined> {
  const row = await db
    .selectFrom('bundles')
    .selectAll()
    .where('trust_domain', '=', trustDomain.name)
    .executeTakeFirst();
  return row === undefined ? undefined : fromRow(row);
}

async function getBundle(tx: Queries, trustDomain: TrustDomain): Promise<AuthorityBundle> {
  const bundle = await selectBundle(tx, trustDomain);
  if (bundle === undefined) throw recordNotFound();
  return bundle;
}

/** Creates or replaces a bundle within a transaction. */
export async function saveBundle(tx: Queries, bundle: AuthorityBundle, note: NoteChange): Promise<AuthorityBundle> {
  const content = formatBundleContent(bundle);
  const { name } = bundle.trustDomain;
  // Not one statement: an insert that ends as an update uses up a row id, and with it moves the page tokens.
  const { numUpdatedRows } = await tx
    .updateTable('bundles')
    .set({ content })
    .where('trust_domain', '=', name)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) await tx.insertInto('bundles').values({ trust_domain: name, content }).execute();
  note({ kind: 'bundle', trustDomain: bundle.trustDomain });
  return bundle;
}

/** Does with the entries that federate with the trust domain what the mode says. */
async function releaseEntries(
  tx: Transaction<Schema>,
  trustDomain: TrustDomain,
  mode: BundleDeleteMode,
  note: NoteChange,
): Promise<void> {
  const rows = await tx
    .selectFrom('registered_entries as e')
    .innerJoin('entry_federations as f', 'f.entry', 'e.id')
    .selectAll('e')
    .where('f.trust_domain', '=', trustDomain.name)
    .execute();
  if (rows.length === 0) return;
  switch (mode) {
    case 'restrict':
      throw new SpirekitError(
        'failed-precondition',
        `datastore-sql: cannot delete bundle; federated with ${rows.length} registration entries`,
      );
    case 'delete':
      await deleteEntryRows(tx, rows, note);
      return;
    case 'dissociate':
      await tx.deleteFrom('entry_federations').where('trust_domain', '=', trustDomain.name).execute();
      for (const row of rows) {
        const entry = fromEntryRow(row);
        const freed = { ...entry, federatesWith: entry.federatesWith.filter((other) => !other.equals(trustDomain)) };
        await tx.updateTable('registered_entries').set(toEntryRow(freed)).where('id', '=', row.id).execute();
        note({ kind: 'entry', entryId: freed.id, entry: freed });
      }
  }
}
