import { keyTable } from '../key-table.ts';
import { SHARED_KEYS } from '../section/section-keys.ts';

const BROKER = 'agent.experimental.broker';

/** Every key of an agent's configuration file, blocks before their keys. */
export const AGENT_KEYS = keyTable({
  'agent.trust_domain': ['Trust domain of the agent. Must be set'],
  'agent.server_address': ['Host name or IP address of the server. Must be set'],
  'agent.server_port': ['Port of the server. Must be set'],
  'agent.data_dir': ['Folder for what the agent stores', { default: '`.`' }],
  'agent.socket_path': ["Path of the agent's public socket", { default: '`/tmp/spire-agent/public/api.sock`' }],
  'agent.admin_socket_path': [
    'Path of the socket for administration; not in the folder of the public socket, nor below',
    { default: 'no such socket' },
  ],
  'agent.disable_workload_api': ['Do not serve the Workload API', { default: '`false`' }],
  'agent.disable_sds_api': ["Do not serve Envoy's secret discovery service", { default: '`false`', effect: 'none' }],
  'agent.log_file': ['File to write the log to; opened anew on SIGUSR2', { default: 'standard output' }],
  'agent.log_format': ['Form of log lines: `text` or `json`', { default: '`text`' }],
  'agent.log_level': ['Least severe level to log: `debug`, `info`, `warn` or `error`', { default: '`info`' }],
  'agent.log_source_location': ['Add file, line and function to log lines', { default: '`false`', effect: 'none' }],
  'agent.log_selectors': ['Prefixes of selectors that may appear in the log', { default: 'none' }],

  'agent.insecure_bootstrap': ['Trust whichever server answers first', { default: '`false`' }],
  'agent.trust_bundle_path': ["File with the server's CA certificates"],
  'agent.trust_bundle_url': ["URL of the server's CA certificates, `https` unless it is asked through a socket"],
  'agent.trust_bundle_unix_socket': ['Unix socket to ask `trust_bundle_url` through'],
  'agent.trust_bundle_spiffe_workload_api': ['Workload API of another agent that knows the CA certificates'],
  'agent.trust_bundle_format': ['Form of the certificates: `pem` or `spiffe`', { default: '`pem`' }],
  'agent.rebootstrap_mode': [
    'When to fetch the CA certificates again: `never`, `auto` or `always`',
    { default: '`never`' },
  ],
  'agent.rebootstrap_delay': ['How long an unknown server must be seen before that', { default: '`10m`' }],
  'agent.join_token': ['Token that the server generated. Better in a file'],
  'agent.join_token_file': ['File that holds the token'],

  'agent.workload_x509_svid_key_type': [
    "Type of the keys of workloads' SVIDs: `rsa-2048`, `ec-p256` or `ec-p384`",
    { default: '`ec-p256`' },
  ],
  'agent.availability_target': [
    'How long SVIDs should outlast a lost server, at least `24h`',
    { default: 'half of the lifetime' },
  ],
  'agent.x509_svid_cache_max_size': ['How many X509-SVIDs to keep, more or less', { default: '`1000`' }],
  'agent.jwt_svid_cache_max_size': ['How many JWT-SVIDs to keep', { default: '`1000`' }],
  'agent.allow_unauthenticated_verifiers': [
    'Give trust bundles also to workloads without a registration entry',
    { default: '`false`' },
  ],
  'agent.allowed_foreign_jwt_claims': ['Claims shown when a JWT-SVID of another trust domain is validated'],
  'agent.authorized_delegates': ['SPIFFE IDs that may fetch SVIDs for others', { effect: 'none' }],

  'agent.sds': ['Names of the secrets that SDS serves', { effect: 'none' }],
  'agent.sds.default_svid_name': ['Name of the default X509-SVID', { default: '`default`' }],
  'agent.sds.default_bundle_name': ["Name of the trust domain's bundle", { default: '`ROOTCA`' }],
  'agent.sds.default_all_bundles_name': ['Name of all bundles together', { default: '`ALL`' }],
  'agent.sds.disable_spiffe_cert_validation': ["Do not use Envoy's SPIFFE validator", { default: '`false`' }],

  'agent.profiling_enabled': ['Write profiles of the process into `profiles` below `data_dir`', { default: '`false`' }],
  'agent.profiling_port': ["Port of the profiles of Go's runtime; nothing listens here", { effect: 'none' }],
  'agent.profiling_freq': ['Seconds from one round of profiles to the next'],
  'agent.profiling_names': ['Which profiles to write: `cpu`, `heap`. Others of SPIRE are passed over with a warning'],

  'agent.experimental': ['Settings that may change or go'],
  'agent.experimental.sync_interval': ['How often to ask the server for changes', { default: '`5s`' }],
  'agent.experimental.jwt_svid_cache_hit_timeout': [
    'How long to wait for a fresh JWT-SVID when a cached one would do, from `5s` to under `30s`',
  ],
  'agent.experimental.use_sync_authorized_entries': ['Ask only for what changed. Deprecated', { default: '`true`' }],
  'agent.experimental.require_pq_kem': [
    'Refuse TLS without a post-quantum key exchange',
    { default: '`false`', effect: 'none' },
  ],
  'agent.experimental.ratelimit': ['Calls a second and set of selectors; `0` means no limit', { effect: 'none' }],
  'agent.experimental.ratelimit.fetch_x509_svid': ['Of FetchX509SVID', { default: '`0`' }],
  'agent.experimental.ratelimit.fetch_jwt_svid': ['Of FetchJWTSVID', { default: '`0`' }],
  'agent.experimental.ratelimit.fetch_x509_bundles': ['Of FetchX509Bundles', { default: '`0`' }],
  'agent.experimental.ratelimit.fetch_jwt_bundles': ['Of FetchJWTBundles', { default: '`0`' }],
  'agent.experimental.ratelimit.stream_secrets': ["Of SDS's StreamSecrets", { default: '`0`' }],
  'agent.experimental.ratelimit.fetch_secrets': ["Of SDS's FetchSecrets", { default: '`0`' }],
  [BROKER]: ['Endpoint for brokers that fetch SVIDs for others', { effect: 'none' }],
  [`${BROKER}.socket_path`]: ['Path of its socket'],
  [`${BROKER}.bind_address`]: ['Host and port'],
  [`${BROKER}.brokers`]: ['Who may call'],
  [`${BROKER}.brokers.id`]: ['SPIFFE ID'],
  [`${BROKER}.brokers.allowed_reference_types`]: ['What it may ask for'],
  [`${BROKER}.brokers.allowed_reference_types.type_url`]: ['Type of reference, or `*`'],
  [`${BROKER}.brokers.allowed_reference_types.allow_over_tcp`]: ['Also over TCP', { default: '`false`' }],
  'agent.experimental.feature_flags': ["SPIRE's developer flags", { effect: 'none' }],
  'agent.experimental.named_pipe_name': ['Windows only', { effect: 'refused' }],
  'agent.experimental.admin_named_pipe_name': ['Windows only', { effect: 'refused' }],

  ...SHARED_KEYS,
});
