import type { Selectable } from 'kysely';
import { SpirekitError } from '../../../runtime/errors.ts';
import { SpiffeId } from '../../../spiffe/spiffe-id.ts';
import { TrustDomain } from '../../../spiffe/trust-domain.ts';
import { recordNotFound, repeated } from '../entry-rules.ts';
import type { BundleEndpointProfile, FederationRelationship, FederationStore } from '../federation-store.ts';
import type { Page, PageRequest } from '../pagination.ts';
import { readPaged } from './paging.ts';
import type { FederationTable } from './schema.ts';
import type { SqlSession } from './session.ts';

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
    const row = await this.#session.read((db) =>
      db
        .selectFrom('federated_trust_domains')
        .selectAll()
        .where('trust_domain', '=', trustDomain.name)
        .executeTakeFirst(),
    );
    return row === undefined ? undefined : fromRow(row);
  }

  createFederationRelationship(relationship: FederationRelationship): Promise<void> {
    return this.#session.write(async (tx, note) => {
      const { numInsertedOrUpdatedRows } = await tx
        .insertInto('federated_trust_domains')
        .values({ trust_domain: relationship.trustDomain.name, ...toColumns(relationship) })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow();
      if (numInsertedOrUpdatedRows !== 1n) throw repeated('federated_trust_domains.trust_domain');
      note({ kind: 'federation', trustDomain: relationship.trustDomain });
    });
  }

  updateFederationRelationship(relationship: FederationRelationship): Promise<void> {
    return this.#session.write(async (tx, note) => {
      const { numUpdatedRows } = await tx
        .updateTable('federated_trust_domains')
        .set(toColumns(relationship))
        .where('trust_domain', '=', relationship.trustDomain.name)
        .executeTakeFirstOrThrow();
      if (numUpdatedRows !== 1n) {
        throw new SpirekitError('not-found', 'unable to fetch federation relationship: record not found');
      }
      note({ kind: 'federation', trustDomain: relationship.trustDomain });
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

function toColumns(relationship: FederationRelationship) {
  const { profile } = relationship;
  return {
    bundle_endpoint_url: relationship.bundleEndpointUrl,
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
