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
import type { AgentConfig } from './agent-config.ts';
import {
  noteAgentExperimental,
  resolveCacheHitTimeout,
  resolveRateLimit,
  resolveSyncInterval,
  resolveUseSyncAuthorizedEntries,
} from './agent-experimental.ts';
import type { AgentFlagValues } from './agent-flags.ts';
import { AGENT_KEYS } from './agent-keys.ts';
import { agentFileSchema, type RawAgent, type RawAgentFile } from './agent-schema.ts';
import {
  checkMandatory,
  refusePipes,
  resolveAvailabilityTarget,
  resolveCacheSize,
  resolveDelegates,
  resolveKeyType,
  resolveRebootstrap,
} from './agent-values.ts';
import { resolveBroker } from './broker.ts';
import { resolveJoinToken } from './join-token.ts';
import { resolveSds } from './sds.ts';
import { resolveSockets } from './sockets.ts';
import { resolveTrustBundle } from './trust-bundle.ts';
import { unknownAgentKeys } from './unknown-agent-keys.ts';

const DEFAULT_CONFIG_PATH = 'conf/agent/agent.conf';
const DEFAULT_SOCKET_PATH = '/tmp/spire-agent/public/api.sock';

/**
 * Reads, merges and checks an agent's configuration: flags over file over defaults. An empty flag or key counts as
 * absent, as in SPIRE.
 *
 * @throws {ConfigError} code `invalid-config`, with SPIRE's message
 */
export async function loadAgentConfig(options: LoadConfigOptions<AgentFlagValues>): Promise<AgentConfig> {
  const path = options.flags.config === '' ? DEFAULT_CONFIG_PATH : options.flags.config;
  const { value: file, report } = await readConfigFile(path, agentFileSchema, options);
  const merged = { ...file, agent: applyFlags(file.agent, options.flags) };
  checkFeatureFlags(merged.agent.experimental.feature_flags, report, 'agent');
  return resolveAgent(merged, report, options);
}

function applyFlags(agent: RawAgent, flags: AgentFlagValues): RawAgent {
  return {
    ...agent,
    allow_unauthenticated_verifiers: flags.allowUnauthenticatedVerifiers || agent.allow_unauthenticated_verifiers,
    data_dir: flags.dataDir || agent.data_dir || '.',
    disable_sds_api: flags.disableSDSAPI || agent.disable_sds_api,
    disable_workload_api: flags.disableWorkloadAPI || agent.disable_workload_api,
    insecure_bootstrap: flags.insecureBootstrap || agent.insecure_bootstrap,
    join_token: flags.joinToken || agent.join_token,
    join_token_file: flags.joinTokenFile || agent.join_token_file,
    log_file: flags.logFile || agent.log_file,
    log_format: flags.logFormat || agent.log_format,
    log_level: flags.logLevel || agent.log_level,
    log_source_location: flags.logSourceLocation || agent.log_source_location,
    rebootstrap_delay: flags.rebootstrapDelay || agent.rebootstrap_delay || '10m',
    rebootstrap_mode: flags.rebootstrapMode || agent.rebootstrap_mode || 'never',
    server_address: flags.serverAddress || agent.server_address,
    server_port: flags.serverPort || agent.server_port,
    socket_path: flags.socketPath || agent.socket_path || DEFAULT_SOCKET_PATH,
    trust_bundle_format: flags.trustBundleFormat || agent.trust_bundle_format,
    trust_bundle_path: flags.trustBundle || agent.trust_bundle_path,
    trust_bundle_url: flags.trustBundleUrl || agent.trust_bundle_url,
    trust_domain: flags.trustDomain || agent.trust_domain,
  };
}

/** The order of the steps is that of SPIRE's checks: the first error is the one that is told. */
async function resolveAgent(
  file: RawAgentFile,
  report: ConfigReport,
  options: LoadConfigOptions<AgentFlagValues>,
): Promise<AgentConfig> {
  const { agent, plugins: pluginsTree } = file;
  const { experimental } = agent;
  if (pluginsTree === undefined) return report.fail('plugins section must be configured');
  checkMandatory(agent, report);
  const trustBundle = resolveTrustBundle(agent, report);
  refusePipes(experimental, report);
  const rebootstrap = resolveRebootstrap(agent, report);
  const syncIntervalSeconds = resolveSyncInterval(experimental, report);
  const logSettings = await resolveLogSettings(
    {
      level: agent.log_level,
      format: agent.log_format,
      file: agent.log_file,
      sourceLocation: agent.log_source_location,
    },
    report,
    'agent',
  );
  report.logSettings = logSettings;
  const jwtSvidCacheHitTimeoutSeconds = resolveCacheHitTimeout(experimental, report);
  const useSyncAuthorizedEntries = resolveUseSyncAuthorizedEntries(experimental, report);
  const resolved = {
    ...logSettings,
    ...trustBundle,
    ...rebootstrap,
    serverAddress: agent.server_address,
    serverPort: agent.server_port,
    dataDir: agent.data_dir,
    x509SvidCacheMaxSize: resolveCacheSize('x509_svid_cache_max_size', agent, report),
    jwtSvidCacheMaxSize: resolveCacheSize('jwt_svid_cache_max_size', agent, report),
    trustDomain: resolveTrustDomain(agent.trust_domain, report, ['agent', 'trust_domain']),
    ...resolveSockets(agent, report),
    joinToken: await resolveJoinToken(agent, report, options.signal),
    sds: resolveSds(agent.sds, report),
    workloadX509SvidKeyType: resolveKeyType(agent, report),
    plugins: resolvePlugins(pluginsTree, report),
    allowUnauthenticatedVerifiers: agent.allow_unauthenticated_verifiers,
    allowedForeignJwtClaims: agent.allowed_foreign_jwt_claims,
    logSelectors: agent.log_selectors,
    telemetry: resolveTelemetry(file.telemetry),
    healthChecks: resolveHealthChecks(file.health_checks),
    profiling: {
      isEnabled: agent.profiling_enabled,
      port: agent.profiling_port,
      frequencySeconds: agent.profiling_freq,
      names: agent.profiling_names,
    },
  };
  if (options.allowUnknownConfig !== true) refuseUnknownKeys(unknownAgentKeys(file), report);
  const authorizedDelegates = resolveDelegates(agent.authorized_delegates, resolved.trustDomain, report);
  const broker = experimental.broker && (await resolveBroker(experimental.broker, resolved.socketPath, report));
  const availabilityTargetSeconds = resolveAvailabilityTarget(agent.availability_target, report);
  const rateLimit = resolveRateLimit(experimental.ratelimit, report);
  noteAgentExperimental(experimental, report);
  return {
    ...resolved,
    authorizedDelegates,
    availabilityTargetSeconds,
    experimental: {
      syncIntervalSeconds,
      jwtSvidCacheHitTimeoutSeconds,
      useSyncAuthorizedEntries,
      rateLimit,
      broker,
      requirePqKem: experimental.require_pq_kem,
      featureFlags: experimental.feature_flags,
    },
    notices: [...report.notices],
    hints: hintsAboutPlugins(resolved.plugins),
    notYetEffective: findKeysWithoutEffect(AGENT_KEYS, report),
  };
}
