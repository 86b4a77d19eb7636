import type { KeyType } from '../../crypto/key.ts';
import { goQuote } from '../../runtime/go-quote.ts';
import { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import type { ConfigReport } from '../config-report.ts';
import { parseSeconds } from '../section/duration.ts';
import { parseKeyType, WORKLOAD_KEY_TYPES } from '../section/key-type.ts';
import type { AgentConfig } from './agent-config.ts';
import type { RawAgent } from './agent-schema.ts';

const SECONDS_PER_DAY = 24 * 3600;

/** @throws {ConfigError} code `invalid-config` when a key is missing that has no default */
export function checkMandatory(agent: RawAgent, report: ConfigReport): void {
  if (agent.join_token !== '' && agent.join_token_file !== '') {
    const message = 'only one of join_token or join_token_file can be specified, not both';
    report.fail(message, ['agent', 'join_token_file']);
  }
  for (const name of ['server_address', 'server_port', 'trust_domain'] as const) {
    if (agent[name] === '' || agent[name] === 0) report.fail(`${name} must be configured`, ['agent', name]);
  }
}

/** Named pipes exist on Windows only. */
export function refusePipes(raw: RawAgent['experimental'], report: ConfigReport): void {
  for (const [name, instead] of [
    ['named_pipe_name', 'socket_path'],
    ['admin_named_pipe_name', 'admin_socket_path'],
  ] as const) {
    if (raw[name] === '') continue;
    const message = `invalid configuration: ${name} is not supported in this platform; please use ${instead} instead`;
    report.fail(message, ['agent', 'experimental', name]);
  }
}

/** When and how late the agent takes a new trust bundle although it has one. */
export function resolveRebootstrap(
  agent: RawAgent,
  report: ConfigReport,
): Pick<AgentConfig, 'rebootstrapMode' | 'rebootstrapDelaySeconds'> {
  const mode = agent.rebootstrap_mode;
  const path = ['agent', 'rebootstrap_mode'];
  if (mode !== 'never' && mode !== 'auto' && mode !== 'always') {
    return report.fail(`unknown rebootstrap mode specified: ${mode}`, path);
  }
  if (mode !== 'never' && agent.insecure_bootstrap) {
    report.fail('insecure_bootstrap option can not be used with rebootstrapping', path);
  }
  const describe = (reason: string): string => `error parsing rebootstrap delay duration: ${reason}`;
  const delayPath = ['agent', 'rebootstrap_delay'];
  return {
    rebootstrapMode: mode,
    rebootstrapDelaySeconds: parseSeconds(agent.rebootstrap_delay, report, delayPath, describe),
  };
}

/** A soft limit; 0 leaves it to the agent. */
export function resolveCacheSize(
  name: 'x509_svid_cache_max_size' | 'jwt_svid_cache_max_size',
  agent: RawAgent,
  report: ConfigReport,
): number {
  return agent[name] < 0 ? report.fail(`${name} should not be negative`, ['agent', name]) : agent[name];
}

/** Key type of workloads' X509-SVIDs. */
export function resolveKeyType(agent: RawAgent, report: ConfigReport): KeyType {
  const text = agent.workload_x509_svid_key_type || 'ec-p256';
  return report.attempt(
    () => parseKeyType(text, WORKLOAD_KEY_TYPES),
    (reason) => reason,
    ['agent', 'workload_x509_svid_key_type'],
  );
}

/** Those who may fetch SVIDs for others must be of the agent's own trust domain. */
export function resolveDelegates(texts: readonly string[], trustDomain: TrustDomain, report: ConfigReport): SpiffeId[] {
  const path = ['agent', 'authorized_delegates'];
  const describe = (reason: string): string => `error validating authorized delegate: ${reason}`;
  return texts.map((text) => {
    const id = report.attempt(() => SpiffeId.parse(text), describe, path);
    if (id.isMemberOf(trustDomain)) return id;
    const reason = `SPIFFE ID ${goQuote(text)} is not a member of trust domain ${goQuote(trustDomain.name)}`;
    return report.fail(describe(reason), path);
  });
}

/** How long SVIDs should outlast the server, at least a day; undefined if not set. */
export function resolveAvailabilityTarget(text: string, report: ConfigReport): number | undefined {
  if (text === '') return undefined;
  const path = ['agent', 'availability_target'];
  const seconds = parseSeconds(text, report, path, (reason) => `unable to parse availability_target: ${reason}`);
  return seconds < SECONDS_PER_DAY ? report.fail('availability_target must be at least 24h0m0s', path) : seconds;
}
