import type { Interceptor } from '../rpc/call-context.ts';
import { type CallCounterDeps, countCall } from './call-counter.ts';
import type { MetricKey } from './metrics.ts';

/** Full names of services, or their beginnings, and what SPIRE's metrics call them. */
const SHORT_NAMES: readonly (readonly [name: string, short: string])[] = [
  ['spire.api.server.', ''],
  ['spire.api.agent.logger.v1.Logger', 'Logger'],
  ['spire.agent.debug.v1.Debug', 'Debug'],
  ['SpiffeWorkloadAPI', 'WorkloadAPI'],
  ['grpc.health.v1.Health', 'Health'],
  ['logger.v1.Logger', 'Logger'],
];

/** Counts every call of a server under `rpc`, with the names that SPIRE's middleware gives (pkg/common/api/middleware). */
export function rpcMetrics(deps: CallCounterDeps): Interceptor {
  const keys = new Map<string, MetricKey>();
  return (call, next) => {
    // Only methods that are served come here, so the map does not grow with what callers make up.
    let key = keys.get(call.method);
    if (key === undefined) {
      key = rpcMetricKey(call.method);
      keys.set(call.method, key);
    }
    return countCall(deps, key, next);
  };
}

/** The metric of a method: `/spire.api.server.agent.v1.Agent/AttestAgent` is `rpc agent v1 agent attest_agent`. */
export function rpcMetricKey(method: string): MetricKey {
  const [service = '', name = ''] = method.replace(/^\//, '').split('/');
  const short = SHORT_NAMES.reduce((text, [long, replacement]) => text.replace(long, replacement), service);
  return ['rpc', ...short.split('.').map(snakeCase), snakeCase(name)];
}

/** `WorkloadAPI` is `workload_api`, `FetchX509SVID` is `fetch_x509svid`: words are cut where SPIRE cuts them. */
function snakeCase(name: string): string {
  return name
    .replaceAll(/(?<=[^_])(?=\p{Lu}\p{Ll})|(?<=\p{Ll})(?=\p{Lu}.)/gu, '_')
    .replaceAll(/[^\p{L}\p{N}]/gu, '_')
    .toLowerCase();
}
