import { LoggerService } from '../../../../rpc/logger-service.ts';
import type { DaemonLogger } from '../../../../runtime/logger.ts';

/** `spire.api.server.logger.v1.Logger`: reads and changes the level of the running server's log. */
export function loggerService(log: DaemonLogger): LoggerService {
  return new LoggerService(log, () => log);
}
