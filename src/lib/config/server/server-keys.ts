import { keyTable } from '../key-table.ts';
import { SHARED_KEYS } from '../section/section-keys.ts';

const ACME = 'server.federation.bundle_endpoint.acme';
const PROFILE = 'server.federation.bundle_endpoint.profile';
const FEDERATES_WITH = 'server.federation.federates_with';

/** Every key of a server's configuration file, blocks before their keys. */
export const SERVER_KEYS = keyTable({
  'server.trust_domain': ['Trust domain that the server signs for. Must be set'],
  'server.bind_address': ['Address that the server listens on for agents', { default: '`0.0.0.0`' }],
  'server.bind_port': ['Port that the server listens on for agents', { default: '`8081`' }],
  'server.socket_path': ["Path of the server's API socket", { default: '`/tmp/spire-server/private/api.sock`' }],
  'server.data_dir': ['Folder for what the server stores. Must be set'],
  'server.log_file': ['File to write the log to; opened anew on SIGUSR2', { default: 'standard output' }],
  'server.log_format': ['Form of log lines: `text` or `json`', { default: '`text`' }],
  'server.log_level': ['Least severe level to log: `debug`, `info`, `warn` or `error`', { default: '`info`' }],
  'server.log_source_location': ['Add file, line and function to log lines', { default: '`false`', effect: 'none' }],

  'server.ca_key_type': [
    "Type of the CA's keys: `rsa-2048`, `rsa-4096`, `ec-p256` or `ec-p384`",
    { default: '`ec-p256`' },
  ],
  'server.ca_subject': ["Subject of the server's own CA", { default: '`C=US, O=SPIFFE`' }],
  'server.ca_subject.country': ['Countries'],
  'server.ca_subject.organization': ['Organizations'],
  'server.ca_subject.common_name': ['Common name'],
  'server.ca_ttl': ["Lifetime of the server's own CA", { default: '`24h`' }],
  'server.default_x509_svid_ttl': ['Lifetime of X509-SVIDs whose entry names none', { default: '`1h`' }],
  'server.default_jwt_svid_ttl': ['Lifetime of JWT-SVIDs whose entry names none', { default: '`5m`' }],
  'server.agent_ttl': ["Lifetime of agents' SVIDs", { default: '`default_x509_svid_ttl`' }],
  'server.jwt_issuer': ['Value of the claim `iss` in JWT-SVIDs', { default: 'no claim' }],
  'server.jwt_key_type': ['Type of the keys that sign JWT-SVIDs', { default: '`ca_key_type`' }],
  'server.disable_jwt_svids': ['Issue no JWT-SVIDs', { default: '`false`' }],

  'server.admin_ids': ['SPIFFE IDs whose holders may use the whole API over TCP'],
  'server.audit_log_enabled': ['Log who called what', { default: '`false`' }],
  'server.authorization_policy_file': [
    'File that narrows or extends who may call what ([authorization.md](authorization.md)); not known to SPIRE, which refuses it',
  ],
  'server.ratelimit': ['Limits of calls by address'],
  'server.ratelimit.attestation': ['One attestation a second', { default: '`true`' }],
  'server.ratelimit.signing': ['500 signatures a second', { default: '`true`' }],
  'server.proxy_protocol_trusted_cidrs': [
    'Networks of proxies whose PROXY protocol headers are believed; one from elsewhere ends the connection',
  ],
  'server.prune_attested_nodes_expired_for': ['Delete agents that have been expired for so long', { default: 'never' }],
  'server.prune_attested_nodes_batch_size': ['How many agents one such round deletes at most', { default: '`1000`' }],
  'server.prune_tofu_nodes': ['Delete expired agents that cannot attest again too', { default: '`false`' }],
  'server.max_attested_node_info_staleness': [
    'How old a remembered record of an agent may be when the agent calls; what this server changes counts at once',
    { default: '`0s`' },
  ],

  'server.federation': ['Other trust domains'],
  'server.federation.allow_private_redirects': [
    'Follow redirects of bundle endpoints to private addresses too; SPIRE does not know this key',
    { default: '`false`' },
  ],
  'server.federation.bundle_endpoint': ["Endpoint that serves this trust domain's bundle to others"],
  'server.federation.bundle_endpoint.address': ['IP address to listen on'],
  'server.federation.bundle_endpoint.port': ['Port to listen on'],
  'server.federation.bundle_endpoint.refresh_hint': ['How often others should fetch the bundle', { default: '`5m`' }],
  [ACME]: ['Deprecated place of `profile "https_web" { acme { ... } }`', { effect: 'refused' }],
  [`${ACME}.directory_url`]: ['Directory of the ACME server', { default: "Let's Encrypt" }],
  [`${ACME}.domain_name`]: ['DNS name of the certificate'],
  [`${ACME}.email`]: ['Address to register with'],
  [`${ACME}.tos_accepted`]: ["Whether the ACME server's terms are accepted", { default: '`false`' }],
  [PROFILE]: ['How the endpoint proves who it is: `https_spiffe` or `https_web`', { default: '`https_spiffe`' }],
  [`${PROFILE}.https_spiffe`]: ["With the server's own SVID"],
  [`${PROFILE}.https_web`]: ['With a certificate of the public web; needs one of the two below'],
  [`${PROFILE}.https_web.acme`]: ['Certificate from an ACME server; keys as under `acme` above', { effect: 'refused' }],
  [`${PROFILE}.https_web.serving_cert_file`]: ['Certificate from files'],
  [`${PROFILE}.https_web.serving_cert_file.cert_file_path`]: ['Certificate chain in PEM'],
  [`${PROFILE}.https_web.serving_cert_file.key_file_path`]: ['Private key in PEM'],
  [`${PROFILE}.https_web.serving_cert_file.file_sync_interval`]: ['How often to look for new files; `0s` means `1h`'],
  [FEDERATES_WITH]: ['Trust domains to fetch bundles of, by name'],
  [`${FEDERATES_WITH}.*.bundle_endpoint_url`]: ['Where the bundle is; an `https` URL'],
  [`${FEDERATES_WITH}.*.bundle_endpoint_profile`]: ['How that endpoint proves who it is. Must be set'],
  [`${FEDERATES_WITH}.*.bundle_endpoint_profile.https_web`]: ['With a certificate of the public web'],
  [`${FEDERATES_WITH}.*.bundle_endpoint_profile.https_spiffe`]: ['With an SVID'],
  [`${FEDERATES_WITH}.*.bundle_endpoint_profile.https_spiffe.endpoint_spiffe_id`]: ['The SPIFFE ID of that SVID'],

  'server.profiling_enabled': [
    'Write profiles of the process into `profiles` below `data_dir`',
    { default: '`false`' },
  ],
  'server.profiling_port': ["Port of the profiles of Go's runtime; nothing listens here", { effect: 'none' }],
  'server.profiling_freq': ['Seconds from one round of profiles to the next'],
  'server.profiling_names': ['Which profiles to write: `cpu`, `heap`. Others of SPIRE are passed over with a warning'],

  'server.experimental': ['Settings that may change or go'],
  'server.experimental.agent_spiffe_id_as_selector': [
    "Make an agent's own SPIFFE ID one of its selectors; grants more than it seems",
    { default: '`false`' },
  ],
  'server.experimental.auth_opa_policy_engine': [
    'Own rules on who may call what, in Rego; `authorization_policy_file` takes their place',
    { effect: 'refused' },
  ],
  'server.experimental.auth_opa_policy_engine.local': ['Rules in files'],
  'server.experimental.auth_opa_policy_engine.local.rego_path': ['The rules, in Rego'],
  'server.experimental.auth_opa_policy_engine.local.policy_data_path': ['Their data'],
  'server.experimental.cache_reload_interval': [
    'How often the entry cache looks at the database',
    { default: '`5s`', effect: 'none' },
  ],
  'server.experimental.full_cache_reload_interval': [
    'How often it starts over, with `events_based_cache`',
    { default: '`24h`', effect: 'none' },
  ],
  'server.experimental.events_based_cache': ['Follow changes by events', { default: '`false`', effect: 'none' }],
  'server.experimental.prune_events_older_than': ['Age at which events go', { default: '`12h`', effect: 'none' }],
  'server.experimental.event_timeout': ['How long to wait for a missing event', { default: '`15m`', effect: 'none' }],
  'server.experimental.sql_transaction_timeout': ['Deprecated name of `event_timeout`', { effect: 'none' }],
  'server.experimental.require_pq_kem': ['Refuse TLS without a post-quantum key exchange', { default: '`false`' }],
  'server.experimental.wit_key_type': [
    'Type of the keys that sign WIT-SVIDs',
    { default: '`ca_key_type`', effect: 'none' },
  ],
  'server.experimental.wit_issuer': ['Issuer in WIT-SVIDs', { effect: 'none' }],
  'server.experimental.feature_flags': ["SPIRE's developer flags", { effect: 'none' }],
  'server.experimental.named_pipe_name': ['Windows only', { effect: 'refused' }],

  ...SHARED_KEYS,
});
