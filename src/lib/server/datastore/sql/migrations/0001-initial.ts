import type { Kysely } from 'kysely';
import type { DatabaseKind } from '../database-kind.ts';

/** The first layout. It writes the tables out in full: a migration never changes once it was released. */
export async function createInitialTables(db: Kysely<unknown>, kind: DatabaseKind): Promise<void> {
  const { schema } = db;
  await schema
    .createTable('registered_entries')
    .addColumn('id', kind.rowIdType, kind.rowId)
    .addColumn('entry_id', 'text', (column) => column.notNull().unique())
    .addColumn('spiffe_id', kind.byteOrderedTextType, (column) => column.notNull())
    .addColumn('parent_id', 'text', (column) => column.notNull())
    .addColumn('selectors', 'text', (column) => column.notNull())
    .addColumn('selector_count', 'integer', (column) => column.notNull())
    .addColumn('similarity', 'text', (column) => column.notNull())
    .addColumn('federates_with', 'text', (column) => column.notNull())
    .addColumn('federation_count', 'integer', (column) => column.notNull())
    .addColumn('dns_names', 'text', (column) => column.notNull())
    .addColumn('x509_svid_ttl', 'integer', (column) => column.notNull())
    .addColumn('jwt_svid_ttl', 'integer', (column) => column.notNull())
    .addColumn('admin', 'integer', (column) => column.notNull())
    .addColumn('downstream', 'integer', (column) => column.notNull())
    .addColumn('store_svid', 'integer', (column) => column.notNull())
    .addColumn('hint', 'text', (column) => column.notNull())
    .addColumn('attributes', 'text')
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('revision_number', 'bigint', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();
  for (const column of ['spiffe_id', 'parent_id', 'similarity', 'hint', 'expires_at']) {
    await schema.createIndex(`registered_entries_by_${column}`).on('registered_entries').column(column).execute();
  }

  await schema
    .createTable('bundles')
    .addColumn('id', kind.rowIdType, kind.rowId)
    .addColumn('trust_domain', 'text', (column) => column.notNull().unique())
    .addColumn('content', 'text', (column) => column.notNull())
    .execute();

  await schema
    .createTable('entry_selectors')
    .addColumn('entry', kind.referenceType, (column) =>
      column.notNull().references('registered_entries.id').onDelete('cascade'),
    )
    .addColumn('selector', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('entry_selectors_key', ['selector', 'entry'])
    .execute();
  await schema.createIndex('entry_selectors_by_entry').on('entry_selectors').column('entry').execute();

  await schema
    .createTable('entry_federations')
    .addColumn('entry', kind.referenceType, (column) =>
      column.notNull().references('registered_entries.id').onDelete('cascade'),
    )
    .addColumn('trust_domain', 'text', (column) => column.notNull().references('bundles.trust_domain'))
    .addPrimaryKeyConstraint('entry_federations_key', ['trust_domain', 'entry'])
    .execute();
  await schema.createIndex('entry_federations_by_entry').on('entry_federations').column('entry').execute();

  await schema
    .createTable('attested_nodes')
    .addColumn('id', kind.rowIdType, kind.rowId)
    .addColumn('spiffe_id', 'text', (column) => column.notNull().unique())
    .addColumn('attestation_type', 'text', (column) => column.notNull())
    .addColumn('serial_number', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('new_serial_number', 'text', (column) => column.notNull())
    .addColumn('new_expires_at', 'bigint', (column) => column.notNull())
    .addColumn('can_reattest', 'integer', (column) => column.notNull())
    .addColumn('agent_version', 'text', (column) => column.notNull())
    .addColumn('selectors', 'text', (column) => column.notNull())
    .addColumn('selector_count', 'integer', (column) => column.notNull())
    .execute();
  await schema.createIndex('attested_nodes_by_expires_at').on('attested_nodes').column('expires_at').execute();

  await schema
    .createTable('node_selectors')
    .addColumn('node', kind.referenceType, (column) =>
      column.notNull().references('attested_nodes.id').onDelete('cascade'),
    )
    .addColumn('selector', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('node_selectors_key', ['selector', 'node'])
    .execute();
  await schema.createIndex('node_selectors_by_node').on('node_selectors').column('node').execute();

  await schema
    .createTable('join_tokens')
    .addColumn('token_digest', 'text', (column) => column.primaryKey())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .execute();

  await schema
    .createTable('federated_trust_domains')
    .addColumn('id', kind.rowIdType, kind.rowId)
    .addColumn('trust_domain', 'text', (column) => column.notNull().unique())
    .addColumn('bundle_endpoint_url', 'text', (column) => column.notNull())
    .addColumn('bundle_endpoint_profile', 'text', (column) => column.notNull())
    .addColumn('endpoint_spiffe_id', 'text', (column) => column.notNull())
    .execute();

  await schema
    .createTable('ca_journals')
    .addColumn('id', kind.rowIdType, kind.rowId)
    .addColumn('active_x509_authority_id', 'text', (column) => column.notNull())
    .addColumn('data', kind.bytesType, (column) => column.notNull())
    .execute();
  await schema
    .createIndex('ca_journals_by_active_x509_authority_id')
    .on('ca_journals')
    .column('active_x509_authority_id')
    .execute();
  await kind.createOwnTables?.(db);
}
