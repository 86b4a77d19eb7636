import { readConfigFile } from '../config-file.ts';
import type { ConfigReport } from '../config-report.ts';
import { findKeysWithoutEffect } from '../key-table.ts';
import type { LoadConfigOptions } from '../load-options.ts';
import { checkFeatureFlags } from '../section/experimental.ts';
import { resolveHealthChecks } from '../section/health-checks.ts';
import { hintsAboutPlugins } from '../section/plugin-hints.ts';
import { resolvePlugins } from '../section/plugins.ts';
import { resolveLogSettings } from '../section/resolve-log-settings.ts';
import { resolveTelemetry } from '../section/telemetry.ts';
import { resolveTrustDomain } from '../section/trust-domain.ts';
import { refuseUnknownKeys } from '../section/unknown-keys.ts';
import { resolveAdminIds } from './admin-ids.ts';
import { resolvePruning, resolveStaleness } from './attested-nodes.ts';
import { resolveBindAddress } from './bind-address.ts';
import { checkTrustedCidrs } from './cidr.ts';
import { checkFederation, resolveFederation } from './federation.ts';
import { resolveIssuance } from './issuance.ts';
import type { ServerConfig } from './server-config.ts';
import { resolveServerExperimental } from './server-experimental.ts';
import type { ServerFlagValues } from './server-flags.ts';
import { SERVER_KEYS } from './server-keys.ts';
import { type RawServer, type RawServerFile, serverFileSchema } from './server-schema.ts';
import { unknownServerKeys } from './unknown-server-keys.ts';

const DEFAULT_CONFIG_PATH = 'conf/server/server.conf';
const DEFAULT_SOCKET_PATH = '/tmp/spire-server/private/api.sock';

/**
 * Reads, merges and checks a server's configuration: flags over file over defaults. An empty flag or key counts as
 * absent, as in SPIRE.
 *
 * @throws {ConfigError} code `invalid-config`, with SPIRE's message
 */
export async function loadServerConfig(options: LoadConfigOptions<ServerFlagValues>): Promise<ServerConfig> {
  const path = options.flags.config === '' ? DEFAULT_CONFIG_PATH : options.flags.config;
  const { value: file, report } = await readConfigFile(path, serverFileSchema, options);
  const merged = { ...file, server: applyFlags(file.server, options.flags) };
  checkFeatureFlags(merged.server.experimental.feature_flags, report, 'server');
  const plugins = checkServer(merged, report);
  return resolveServer(merged, plugins, report, options);
}

function applyFlags(server: RawServer, flags: ServerFlagValues): RawServer {
  return {
    ...server,
    bind_address: flags.bindAddress || server.bind_address || '0.0.0.0',
    bind_port: flags.serverPort || server.bind_port || 8081,
    data_dir: flags.dataDir || server.data_dir,
    log_file: flags.logFile || server.log_file,
    log_format: flags.logFormat || server.log_format,
    log_level: flags.logLevel || server.log_level,
    log_source_location: flags.logSourceLocation || server.log_source_location,
    socket_path: flags.socketPath || server.socket_path || DEFAULT_SOCKET_PATH,
    trust_domain: flags.trustDomain || server.trust_domain,
    ca_ttl: server.ca_ttl || '24h',
  };
}

/** The checks that SPIRE makes before it opens a log. Returns the plugins, which must be there. */
function checkServer({ server, plugins }: RawServerFile, report: ConfigReport) {
  if (server.trust_domain === '') report.fail('trust_domain must be configured', ['server', 'trust_domain']);
  if (server.data_dir === '') report.fail('data_dir must be configured', ['server', 'data_dir']);
  if (plugins === undefined) return report.fail('plugins section must be configured');
  if (server.federation !== undefined) checkFederation(server.federation, report);
  const { experimental } = server;
  if (experimental.event_timeout !== '' && experimental.sql_transaction_timeout !== '') {
    report.fail('both experimental sql_transaction_timeout and event_timeout set, only set event_timeout', [
      'server',
      'experimental',
      'sql_transaction_timeout',
    ]);
  }
  checkTrustedCidrs(server.proxy_protocol_trusted_cidrs, report);
  if (experimental.named_pipe_name !== '') {
    const message =
      'invalid configuration: named_pipe_name is not supported in this platform; please use socket_path instead';
    report.fail(message, ['server', 'experimental', 'named_pipe_name']);
  }
  return plugins;
}

/** The order of the steps is that of SPIRE's checks: the first error is the one that is told. */
async function resolveServer(
  file: RawServerFile,
  pluginsTree: NonNullable<RawServerFile['plugins']>,
  report: ConfigReport,
  options: LoadConfigOptions<ServerFlagValues>,
): Promise<ServerConfig> {
  const { server } = file;
  const logSettings = await resolveLogSettings(
    {
      level: server.log_level,
      format: server.log_format,
      file: server.log_file,
      sourceLocation: server.log_source_location,
    },
    report,
    'server',
  );
  report.logSettings = logSettings;
  const bindAddress = await resolveBindAddress(server.bind_address, server.bind_port, report);
  const trustDomain = resolveTrustDomain(server.trust_domain, report, ['server', 'trust_domain']);
  const federation = await resolveFederation(server.federation, trustDomain, report, options.signal);
  const maxAttestedNodeInfoStalenessSeconds = resolveStaleness(server, report);
  const adminIds = resolveAdminIds(server.admin_ids, report);
  const { witKeyType, ...issuance } = resolveIssuance(server, report);
  const resolved = {
    ...logSettings,
    trustDomain,
    bindAddress,
    bindPort: server.bind_port,
    socketPath: report.resolvePath(server.socket_path),
    dataDir: server.data_dir,
    auditLogEnabled: server.audit_log_enabled,
    authorizationPolicyFile:
      server.authorization_policy_file === '' ? undefined : report.resolvePath(server.authorization_policy_file),
    rateLimit: { attestation: server.ratelimit.attestation ?? true, signing: server.ratelimit.signing ?? true },
    proxyProtocolTrustedCidrs: server.proxy_protocol_trusted_cidrs,
    federation,
    maxAttestedNodeInfoStalenessSeconds,
    adminIds,
    ...issuance,
    plugins: resolvePlugins(pluginsTree, report),
    telemetry: resolveTelemetry(file.telemetry),
    healthChecks: resolveHealthChecks(file.health_checks),
    ...resolvePruning(server, report),
    profiling: {
      isEnabled: server.profiling_enabled,
      port: server.profiling_port,
      frequencySeconds: server.profiling_freq,
      names: server.profiling_names,
    },
  };
  if (server.disable_jwt_svids) report.note('info', 'JWT-SVID profile is disabled');
  if (options.allowUnknownConfig !== true) refuseUnknownKeys(unknownServerKeys(file), report);
  const experimental = resolveServerExperimental(server.experimental, witKeyType, report);
  return {
    ...resolved,
    experimental,
    notices: [...report.notices],
    hints: [...hintsAboutPlugins(resolved.plugins), ...hintsAboutOpa(experimental), ...hintsAboutAcme(federation)],
    notYetEffective: findKeysWithoutEffect(SERVER_KEYS, report),
  };
}

function hintsAboutOpa({ opaPolicy }: ServerConfig['experimental']): string[] {
  return opaPolicy === undefined
    ? []
    : ['`server run` refuses experimental.auth_opa_policy_engine: authorization_policy_file takes its place.'];
}

function hintsAboutAcme({ bundleEndpoint }: ServerConfig['federation']): string[] {
  return bundleEndpoint?.profile.kind === 'https_web_acme'
    ? ['`server run` refuses acme for the bundle endpoint: name files in serving_cert_file instead.']
    : [];
}
