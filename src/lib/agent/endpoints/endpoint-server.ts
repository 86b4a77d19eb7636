import { RpcServer } from '../../rpc/server.ts';
import type { Logger } from '../../runtime/logger.ts';
import { RareLines } from '../../runtime/rare-lines.ts';
import type { CallCounterDeps } from '../../telemetry/call-counter.ts';
import { NO_METRICS } from '../../telemetry/metrics.ts';
import { rpcMetrics } from '../../telemetry/rpc-metrics.ts';

/** A server for one of the agent's sockets. What goes wrong in it goes to the log. */
export function endpointServer(log: Logger, counters: CallCounterDeps): RpcServer {
  // Every process of the machine may connect and be refused, as often as it likes.
  const refusals = new RareLines(counters.clock, (fields) => log.warn('Connection refused', fields));
  const server = new RpcServer({
    onInternalError: (error, call) => log.error('Unexpected error in a handler', { method: call?.method, error }),
    onConnectionError: (error) => refusals.write({ error }),
  });
  if (counters.metrics !== NO_METRICS) server.use(rpcMetrics(counters));
  return server;
}
