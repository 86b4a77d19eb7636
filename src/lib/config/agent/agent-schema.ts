import { block } from '../schema/block.ts';
import { blockList, list } from '../schema/collections.ts';
import { bool, int, optional, string, subtree } from '../schema/scalars.ts';
import type { Infer } from '../schema/schema.ts';
import { healthChecksSchema } from '../section/health-checks.ts';
import { telemetrySchema } from '../section/telemetry.ts';

const brokerSchema = block({
  socket_path: string(),
  bind_address: string(),
  brokers: blockList(
    block({
      id: string(),
      allowed_reference_types: blockList(block({ type_url: string(), allow_over_tcp: bool() })),
    }),
  ),
});

const experimentalSchema = block({
  sync_interval: string(),
  jwt_svid_cache_hit_timeout: string(),
  named_pipe_name: string(),
  admin_named_pipe_name: string(),
  use_sync_authorized_entries: optional(bool()),
  require_pq_kem: bool(),
  ratelimit: block({
    fetch_x509_svid: optional(int()),
    fetch_jwt_svid: optional(int()),
    fetch_x509_bundles: optional(int()),
    fetch_jwt_bundles: optional(int()),
    stream_secrets: optional(int()),
    fetch_secrets: optional(int()),
  }),
  broker: optional(brokerSchema),
  feature_flags: list(string()),
});

const agentSchema = block({
  data_dir: string(),
  admin_socket_path: string(),
  insecure_bootstrap: bool(),
  rebootstrap_mode: string(),
  rebootstrap_delay: string(),
  join_token: string(),
  join_token_file: string(),
  log_file: string(),
  log_format: string(),
  log_level: string(),
  log_selectors: list(string()),
  log_source_location: bool(),
  sds: block({
    default_svid_name: string(),
    default_bundle_name: string(),
    default_all_bundles_name: string(),
    disable_spiffe_cert_validation: bool(),
  }),
  server_address: string(),
  server_port: int(),
  socket_path: string(),
  disable_workload_api: bool(),
  disable_sds_api: bool(),
  workload_x509_svid_key_type: string(),
  trust_bundle_format: string(),
  trust_bundle_path: string(),
  trust_bundle_spiffe_workload_api: string(),
  trust_bundle_unix_socket: string(),
  trust_bundle_url: string(),
  trust_domain: string(),
  allow_unauthenticated_verifiers: bool(),
  allowed_foreign_jwt_claims: list(string()),
  availability_target: string(),
  x509_svid_cache_max_size: int(),
  jwt_svid_cache_max_size: int(),
  authorized_delegates: list(string()),
  profiling_enabled: bool(),
  profiling_port: int(),
  profiling_freq: int(),
  profiling_names: list(string()),
  experimental: experimentalSchema,
});

/** An agent's configuration file with every key that SPIRE 1.15.3 knows, in the order in which SPIRE reads them. */
export const agentFileSchema = block({
  agent: agentSchema,
  plugins: subtree(),
  telemetry: telemetrySchema,
  health_checks: healthChecksSchema,
});

/** The file as decoded, before flags, defaults and checks. */
export type RawAgentFile = Infer<typeof agentFileSchema>;
/** The `agent` block as decoded. */
export type RawAgent = RawAgentFile['agent'];
/** The `experimental.broker` block as decoded. */
export type RawBroker = Infer<typeof brokerSchema>;
