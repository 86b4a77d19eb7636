import type { Generated } from 'kysely';

/**
 * The tables, in columns that SQLite and PostgreSQL both have. Booleans are 0 or 1, times are seconds since the Unix epoch,
 * 0 standing for "none"; lists that are only read with their row are JSON text. `id` gives the order of creation and the
 * page tokens, and is never used again.
 */
export interface Schema {
  readonly registered_entries: EntryTable;
  /** One row for each selector of an entry, only to find entries by. */
  readonly entry_selectors: EntrySelectorTable;
  /** One row for each trust domain that an entry federates with, to find entries by and to hold the bundle in place. */
  readonly entry_federations: EntryFederationTable;
  readonly attested_nodes: NodeTable;
  /** One row for each selector of a node, only to find nodes by. */
  readonly node_selectors: NodeSelectorTable;
  readonly join_tokens: JoinTokenTable;
  readonly bundles: BundleTable;
  readonly federated_trust_domains: FederationTable;
  readonly ca_journals: CaJournalTable;
}

/** Every table, those before it that it points to. */
export const TABLES = [
  'bundles',
  'registered_entries',
  'entry_selectors',
  'entry_federations',
  'attested_nodes',
  'node_selectors',
  'join_tokens',
  'federated_trust_domains',
  'ca_journals',
] as const satisfies readonly (keyof Schema)[];

export interface EntryTable {
  readonly id: Generated<number>;
  readonly entry_id: string;
  readonly spiffe_id: string;
  readonly parent_id: string;
  /** JSON: list of `type:value`. */
  readonly selectors: string;
  readonly selector_count: number;
  /** Digest of SPIFFE ID, parent ID and the set of selectors: equal for similar entries. */
  readonly similarity: string;
  /** JSON: sorted list of names. */
  readonly federates_with: string;
  readonly federation_count: number;
  /** JSON: list of names. */
  readonly dns_names: string;
  readonly x509_svid_ttl: number;
  readonly jwt_svid_ttl: number;
  readonly admin: number;
  readonly downstream: number;
  readonly store_svid: number;
  readonly hint: string;
  /** JSON, or null when the registrar gave none. */
  readonly attributes: string | null;
  readonly expires_at: number;
  readonly revision_number: number;
  readonly created_at: number;
}

interface EntrySelectorTable {
  readonly entry: number;
  /** `type:value`. */
  readonly selector: string;
}

interface EntryFederationTable {
  readonly entry: number;
  readonly trust_domain: string;
}

export interface NodeTable {
  readonly id: Generated<number>;
  readonly spiffe_id: string;
  readonly attestation_type: string;
  readonly serial_number: string;
  readonly expires_at: number;
  readonly new_serial_number: string;
  readonly new_expires_at: number;
  readonly can_reattest: number;
  readonly agent_version: string;
  /** JSON: list of `type:value`. */
  readonly selectors: string;
  readonly selector_count: number;
}

interface NodeSelectorTable {
  readonly node: number;
  /** `type:value`. */
  readonly selector: string;
}

interface JoinTokenTable {
  /** SHA-256 of the token in hex: who reads the file cannot attest. */
  readonly token_digest: string;
  readonly expires_at: number;
}

export interface BundleTable {
  readonly id: Generated<number>;
  readonly trust_domain: string;
  /** JSON, see `bundle-row.ts`. */
  readonly content: string;
}

export interface FederationTable {
  readonly id: Generated<number>;
  readonly trust_domain: string;
  readonly bundle_endpoint_url: string;
  readonly bundle_endpoint_profile: string;
  /** Empty for `https_web`. */
  readonly endpoint_spiffe_id: string;
}

interface CaJournalTable {
  readonly id: Generated<number>;
  readonly active_x509_authority_id: string;
  readonly data: Uint8Array;
}
