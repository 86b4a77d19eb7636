import type { DaemonLogger, Logger } from '../runtime/logger.ts';
import { logLevelFromWire, logLevelToWire } from '../wire/convert/log-level.ts';
import type { LoggerDefinition, SetLogLevelRequest } from '../wire/gen/spire/api/server/logger/v1/logger.ts';
import type { Logger as WireLogger } from '../wire/gen/spire/api/types/logger.ts';
import type { CallContext, ServiceImplementation } from './call-context.ts';

/** The log that says what a call (of a method by this name) did. */
export type LogOfCall = (call: CallContext, method: string) => Logger;

/**
 * The service `Logger` of SPIRE's server, and of its agent, whose messages are the same: shows and changes how much a
 * daemon logs, until it ends.
 */
export class LoggerService implements ServiceImplementation<typeof LoggerDefinition> {
  readonly #logger: DaemonLogger;
  readonly #logOf: LogOfCall;

  constructor(logger: DaemonLogger, logOf: LogOfCall) {
    this.#logger = logger;
    this.#logOf = logOf;
  }

  async getLogger(_request: unknown, call: CallContext): Promise<WireLogger> {
    this.#logOf(call, 'GetLogger').info('GetLogger Called');
    return this.#describe();
  }

  async setLogLevel(request: SetLogLevelRequest, call: CallContext): Promise<WireLogger> {
    const level = logLevelFromWire(request.newLevel);
    this.#logOf(call, 'SetLogLevel').info('SetLogLevel Called', { new_log_level: level });
    this.#logger.level = level;
    return this.#describe();
  }

  async resetLogLevel(_request: unknown, call: CallContext): Promise<WireLogger> {
    const { launchLevel } = this.#logger;
    this.#logOf(call, 'ResetLogLevel').info('ResetLogLevel Called', { launch_log_level: launchLevel });
    this.#logger.resetLevel();
    return this.#describe();
  }

  #describe(): WireLogger {
    const { level, launchLevel } = this.#logger;
    return { currentLevel: logLevelToWire(level), launchLevel: logLevelToWire(launchLevel) };
  }
}
