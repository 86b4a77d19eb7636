import { RpcServer } from '../../rpc/server.ts';
import type { Logger } from '../../runtime/logger.ts';

/** A server for one of the agent's sockets. What goes wrong in it goes to the log. */
export function endpointServer(log: Logger): RpcServer {
  return new RpcServer({
    onInternalError: (error, call) => log.error('Unexpected error in a handler', { method: call?.method, error }),
    onConnectionError: (error) => log.warn('Connection refused', { error }),
  });
}
