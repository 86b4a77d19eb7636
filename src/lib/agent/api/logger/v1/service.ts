import { LoggerService } from '../../../../rpc/logger-service.ts';
import type { DaemonLogger } from '../../../../runtime/logger.ts';

/** `spire.api.agent.logger.v1.Logger`: its log lines name the process that calls. */
export class LoggerApi extends LoggerService {
  constructor(logger: DaemonLogger) {
    const log = logger.with({ service: 'Logger' });
    super(logger, ({ peer }, method) => log.with({ method, ...(peer.kind === 'unix' ? { pid: peer.pid } : {}) }));
  }
}
