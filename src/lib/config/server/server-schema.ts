import { block } from '../schema/block.ts';
import { list, map } from '../schema/collections.ts';
import { bool, int, optional, string, subtree } from '../schema/scalars.ts';
import type { Infer } from '../schema/schema.ts';
import { healthChecksSchema } from '../section/health-checks.ts';
import { telemetrySchema } from '../section/telemetry.ts';

export const acmeSchema = block({
  directory_url: string(),
  domain_name: string(),
  email: string(),
  tos_accepted: bool(),
});

const federationSchema = block({
  bundle_endpoint: optional(
    block({
      address: string(),
      port: int(),
      refresh_hint: string(),
      acme: optional(acmeSchema),
      profile: subtree(),
    }),
  ),
  federates_with: map(block({ bundle_endpoint_url: string(), bundle_endpoint_profile: subtree() })),
  allow_private_redirects: bool(),
});

const experimentalSchema = block({
  agent_spiffe_id_as_selector: bool(),
  auth_opa_policy_engine: optional(
    block({ local: optional(block({ rego_path: string(), policy_data_path: string() })) }),
  ),
  cache_reload_interval: string(),
  full_cache_reload_interval: string(),
  events_based_cache: bool(),
  prune_events_older_than: string(),
  event_timeout: string(),
  sql_transaction_timeout: string(),
  require_pq_kem: bool(),
  wit_key_type: string(),
  wit_issuer: string(),
  feature_flags: list(string()),
  named_pipe_name: string(),
});

const serverSchema = block({
  admin_ids: list(string()),
  agent_ttl: string(),
  audit_log_enabled: bool(),
  authorization_policy_file: string(),
  bind_address: string(),
  bind_port: int(),
  ca_key_type: string(),
  ca_subject: optional(block({ country: list(string()), organization: list(string()), common_name: string() })),
  ca_ttl: string(),
  data_dir: string(),
  default_x509_svid_ttl: string(),
  default_jwt_svid_ttl: string(),
  experimental: experimentalSchema,
  federation: optional(federationSchema),
  disable_jwt_svids: bool(),
  jwt_issuer: string(),
  jwt_key_type: string(),
  log_file: string(),
  log_level: string(),
  log_format: string(),
  log_source_location: bool(),
  prune_attested_nodes_expired_for: string(),
  prune_attested_nodes_batch_size: int(),
  prune_tofu_nodes: bool(),
  proxy_protocol_trusted_cidrs: list(string()),
  ratelimit: block({ attestation: optional(bool()), signing: optional(bool()) }),
  socket_path: string(),
  trust_domain: string(),
  max_attested_node_info_staleness: optional(string()),
  profiling_enabled: bool(),
  profiling_port: int(),
  profiling_freq: int(),
  profiling_names: list(string()),
});

/**
 * A server's configuration file with every key that SPIRE 1.15.3 knows, in the order in which SPIRE reads them, and
 * `authorization_policy_file`, which is ours: SPIRE refuses a file with it, rather than to let in whom it shuts out.
 */
export const serverFileSchema = block({
  server: serverSchema,
  plugins: subtree(),
  telemetry: telemetrySchema,
  health_checks: healthChecksSchema,
});

/** The file as decoded, before flags, defaults and checks. */
export type RawServerFile = Infer<typeof serverFileSchema>;
/** The `server` block as decoded. */
export type RawServer = RawServerFile['server'];
/** The `federation` block as decoded. */
export type RawFederation = Infer<typeof federationSchema>;
