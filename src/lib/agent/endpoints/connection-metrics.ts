import type { Interceptor } from '../../rpc/call-context.ts';
import type { Metrics } from '../../telemetry/metrics.ts';

/**
 * Counts the calls of one API as SPIRE's agent does, which calls them connections: all of them under `connection`, those
 * under way under `connections`.
 *
 * @param api first part of the metrics' names
 * @param methods what its methods begin with, such as `/SpiffeWorkloadAPI/`
 */
export function countConnections(api: string, methods: string, metrics: Metrics): Interceptor {
  let open = 0;
  return async (call, next) => {
    if (!call.method.startsWith(methods)) return await next();
    metrics.incrementCounter([api, 'connection']);
    metrics.setGauge([api, 'connections'], ++open);
    try {
      await next();
    } finally {
      metrics.setGauge([api, 'connections'], --open);
    }
  };
}
