import type { ConfigReport } from '../config-report.ts';
import { splitUrl } from '../section/url.ts';
import type { AgentConfig, TrustBundleSource } from './agent-config.ts';
import type { RawAgent } from './agent-schema.ts';
import { findAddressFault } from './workload-api-address.ts';

/** Where the first trust bundle comes from: exactly one of the ways must be configured. */
export function resolveTrustBundle(
  agent: RawAgent,
  report: ConfigReport,
): Pick<AgentConfig, 'trustBundle' | 'trustBundleFormat' | 'insecureBootstrap'> {
  const fail = (key: keyof RawAgent & string, message: string): never => report.fail(message, ['agent', key]);
  refuseTogether(agent, fail);
  const format = agent.trust_bundle_format || 'pem';
  if (format !== 'pem' && format !== 'spiffe') {
    return fail('trust_bundle_format', 'invalid value for trust_bundle_format, expected "pem" or "spiffe"');
  }
  if (agent.trust_bundle_unix_socket !== '' && agent.trust_bundle_url === '') {
    fail('trust_bundle_unix_socket', 'if trust_bundle_unix_socket is specified, so must be trust_bundle_url');
  }
  if (agent.trust_bundle_url !== '') checkUrl(agent, fail);
  return { trustBundle: sourceOf(agent), trustBundleFormat: format, insecureBootstrap: agent.insecure_bootstrap };
}

type Fail = (key: keyof RawAgent & string, message: string) => never;

function refuseTogether(agent: RawAgent, fail: Fail): void {
  const api = agent.trust_bundle_spiffe_workload_api;
  const hasUrl = agent.trust_bundle_url !== '';
  const hasPath = agent.trust_bundle_path !== '';
  if (api !== '') {
    const key = 'trust_bundle_spiffe_workload_api';
    const both = (other: string): string => `only one of ${other} or ${key} can be specified, not both`;
    if (agent.insecure_bootstrap) fail(key, both('insecure_bootstrap'));
    if (hasUrl) fail(key, both('trust_bundle_url'));
    if (hasPath) fail(key, both('trust_bundle_path'));
    if (agent.trust_bundle_unix_socket !== '') fail(key, `trust_bundle_unix_socket can not be used with ${key}`);
    const fault = findAddressFault(api);
    if (fault !== undefined) fail(key, `${key} is not a valid SPIFFE Workload API endpoint address: ${fault}`);
  }
  if (agent.insecure_bootstrap) {
    const key = 'insecure_bootstrap';
    if (hasUrl && hasPath) {
      const names = `${key}, trust_bundle_url, or trust_bundle_path`;
      fail(key, `only one of ${names} can be specified, not the three options`);
    }
    if (hasUrl) fail(key, `only one of ${key} or trust_bundle_url can be specified, not both`);
    if (hasPath) fail(key, `only one of ${key} or trust_bundle_path can be specified, not both`);
  } else if (!hasPath && !hasUrl && api === '') {
    const names = 'trust_bundle_path, trust_bundle_url, or trust_bundle_spiffe_workload_api';
    fail('trust_bundle_path', `${names} must be configured unless insecure_bootstrap is set`);
  }
  if (hasUrl && hasPath) {
    fail('trust_bundle_url', 'only one of trust_bundle_url or trust_bundle_path can be specified, not both');
  }
}

function checkUrl(agent: RawAgent, fail: Fail): void {
  const key = 'trust_bundle_url';
  const url = splitUrl(agent.trust_bundle_url);
  if (url === undefined) fail(key, 'unable to parse trust bundle URL');
  if (agent.trust_bundle_unix_socket === '') {
    if (url.scheme !== 'https') fail(key, 'trust bundle URL must start with https://');
    return;
  }
  if (url.scheme !== 'http')
    fail(key, 'trust bundle URL must start with http:// when used with trust bundle unix socket');
  for (const name of new URLSearchParams(url.query).keys()) {
    const reserved = ['spiffe-', 'spire-'].find((prefix) => name.startsWith(prefix));
    if (reserved !== undefined) fail(key, `trust_bundle_url query params can not start with ${reserved}`);
  }
}

function sourceOf(agent: RawAgent): TrustBundleSource {
  if (agent.insecure_bootstrap) return { kind: 'insecure' };
  if (agent.trust_bundle_path !== '') return { kind: 'file', path: agent.trust_bundle_path };
  if (agent.trust_bundle_url === '') return { kind: 'workload-api', address: agent.trust_bundle_spiffe_workload_api };
  const unixSocket = agent.trust_bundle_unix_socket === '' ? undefined : agent.trust_bundle_unix_socket;
  return { kind: 'url', url: agent.trust_bundle_url, unixSocket };
}
