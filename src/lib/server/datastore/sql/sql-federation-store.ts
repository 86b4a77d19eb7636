import type { Selectable } from 'kysely';
import { SpirekitError } from '../../../runtime/errors.ts';
import type { AuthorityBundle } from '../../../spiffe/authority-bundle.ts';
import { SpiffeId } from '../../../spiffe/spiffe-id.ts';
import { TrustDomain } from '../../../spiffe/trust-domain.ts';
import { recordNotFound, repeated } from '../entry-rules.ts';
import type {
  BundleEndpointProfile,
  FederationChanges,
  FederationRelationship,
  FederationStore,
} from '../federation-store.ts';
import type { Page, PageRequest } from '../pagination.ts';
import { readPaged } from './paging.ts';
import type { FederationTable } from './schema.ts';
import type { Queries, SqlSession } from './session.ts';
import { saveBundle } from './sql-bundle-store.ts';

/** Federation relationships in an SQL table. */
export class SqlFederationStore implements FederationStore {
  readonly #session: SqlSession;

  constructor(config: { session: SqlSession }) {
    this.#session = config.session;
  }

  listFederationRelationships(page?: PageRequest): Promise<Page<FederationRelationship>> {
    return this.#session.read((db) =>
      readPaged(
        page,
        ({ afterId, limit }) =>
          db
            .selectFrom('federated_trust_domains')
            .selectAll()
            .where('id', '>', afterId)
            .orderBy('id')
            .limit(limit)
            .execute(),
        fromRow,
      ),
    );
  }

  async findFederationRelationship(trustDomain: TrustDomain): Promise<FederationRelationship | undefined> {
    const row = await this.#session.read((db) => selectRow(db, trustDomain));
    return row === undefined ? undefined : fromRow(row);
  }

  createFederationRelationship(relationship: FederationRelationship, bundle?: AuthorityBundle): Promise<void> {
    return this.#session.write(async (tx, note) => {
      const { numInsertedOrUpdatedRows } = await tx
        .insertInto('federated_trust_domains')
        .values({ trust_domain: relationship.trustDomain.name, ...toColumns(relationship) })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow();
      if (numInsertedOrUpdatedRows !== 1n) throw repeated('federated_trust_domains.trust_domain');
      if (bundle !== undefined) await saveBundle(tx, bundle, note);
      note({ kind: 'federation', trustDomain: relationship.trustDomain });
    });
  }

  updateFederationRelationship(trustDomain: TrustDomain, changes: FederationChanges): Promise<FederationRelationship> {
    const { bundle, bundleEndpointUrl, profile } = changes;
    return this.#session.write(async (tx, note) => {
      const row = await selectRow(tx, trustDomain);
      if (row === undefined) {
        throw new SpirekitError('not-found', 'unable to fetch federation relationship: record not found');
      }
      const columns = {
        ...(bundleEndpointUrl !== undefined && { bundle_endpoint_url: bundleEndpointUrl }),
        ...(profile !== undefined && profileColumns(profile)),
      };
      const changed = { ...row, ...columns };
      await tx
        .updateTable('federated_trust_domains')
        .set({ bundle_endpoint_url: changed.bundle_endpoint_url, ...columns })
        .where('trust_domain', '=', trustDomain.name)
        .execute();
      if (bundle !== undefined) await saveBundle(tx, bundle, note);
      note({ kind: 'federation', trustDomain });
      return fromRow(changed);
    });
  }

  deleteFederationRelationship(trustDomain: TrustDomain): Promise<void> {
    return this.#session.write(async (tx, note) => {
      const { numDeletedRows } = await tx
        .deleteFrom('federated_trust_domains')
        .where('trust_domain', '=', trustDomain.name)
        .executeTakeFirstOrThrow();
      if (numDeletedRows !== 1n) throw recordNotFound();
      note({ kind: 'federation', trustDomain });
    });
  }
}

function selectRow(db: Queries, trustDomain: TrustDomain): Promise<Selectable<FederationTable> | undefined> {
  return db
    .selectFrom('federated_trust_domains')
    .selectAll()
    .where('trust_domain', '=', trustDomain.name)
    .executeTakeFirst();
}

function toColumns({ bundleEndpointUrl, profile }: FederationRelationship) {
  return { bundle_endpoint_url: bundleEndpointUrl, ...profileColumns(profile) };
}

function profileColumns(profile: BundleEndpointProfile) {
  return {
    bundle_endpoint_profile: profile.kind,
    endpoint_spiffe_id: profile.kind === 'https_spiffe' ? profile.endpointSpiffeId.toString() : '',
  };
}

function fromRow(row: Selectable<FederationTable>): FederationRelationship {
  return {
    trustDomain: TrustDomain.parse(row.trust_domain),
    bundleEndpointUrl: row.bundle_endpoint_url,
    profile: readProfile(row),
  };
}

function readProfile(row: Selectable<FederationTable>): BundleEndpointProfile {
  switch (row.bundle_endpoint_profile) {
    case 'https_web':
      return { kind: 'https_web' };
    case 'https_spiffe':
      return { kind: 'https_spiffe', endpointSpiffeId: SpiffeId.parse(row.endpoint_spiffe_id) };
  }
  throw new SpirekitError('data-loss', 'datastore holds a damaged federation relationship');
}
