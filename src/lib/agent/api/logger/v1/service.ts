import type { CallContext, ServiceImplementation } from '../../../../rpc/call-context.ts';
import { RpcCode, RpcError } from '../../../../rpc/status.ts';
import type { LogLevel as LogLevelName } from '../../../../runtime/log-level.ts';
import type { DaemonLogger, Logger } from '../../../../runtime/logger.ts';
import type { LoggerDefinition, SetLogLevelRequest } from '../../../../wire/gen/spire/api/agent/logger/v1/logger.ts';
import { LogLevel, type Logger as WireLogger } from '../../../../wire/gen/spire/api/types/logger.ts';

const WIRE_LEVELS: Readonly<Record<LogLevelName, LogLevel>> = {
  panic: LogLevel.PANIC,
  fatal: LogLevel.FATAL,
  error: LogLevel.ERROR,
  warning: LogLevel.WARN,
  info: LogLevel.INFO,
  debug: LogLevel.DEBUG,
  trace: LogLevel.TRACE,
};

const NAMES: ReadonlyMap<LogLevel, LogLevelName> = new Map([
  [LogLevel.PANIC, 'panic'],
  [LogLevel.FATAL, 'fatal'],
  [LogLevel.ERROR, 'error'],
  [LogLevel.WARN, 'warning'],
  [LogLevel.INFO, 'info'],
  [LogLevel.DEBUG, 'debug'],
  [LogLevel.TRACE, 'trace'],
]);

/** Shows and changes how much the agent logs (spire.api.agent.logger.v1.Logger), until it ends. */
export class LoggerApi implements ServiceImplementation<typeof LoggerDefinition> {
  readonly #logger: DaemonLogger;
  readonly #log: Logger;

  constructor(logger: DaemonLogger) {
    this.#logger = logger;
    this.#log = logger.with({ service: 'Logger' });
  }

  async getLogger(_request: unknown, call: CallContext): Promise<WireLogger> {
    this.#of(call, 'GetLogger').info('GetLogger Called');
    return this.#describe();
  }

  async setLogLevel(request: SetLogLevelRequest, call: CallContext): Promise<WireLogger> {
    if (request.newLevel === LogLevel.UNSPECIFIED) {
      throw new RpcError(RpcCode.invalidArgument, 'newLevel value cannot be LogLevel_UNSPECIFIED');
    }
    const level = NAMES.get(request.newLevel);
    if (level === undefined) throw new RpcError(RpcCode.invalidArgument, 'unsupported log level');
    this.#of(call, 'SetLogLevel').info('SetLogLevel Called', { new_log_level: level });
    this.#logger.level = level;
    return this.#describe();
  }

  async resetLogLevel(_request: unknown, call: CallContext): Promise<WireLogger> {
    this.#of(call, 'ResetLogLevel').info('ResetLogLevel Called', { launch_log_level: this.#logger.launchLevel });
    this.#logger.resetLevel();
    return this.#describe();
  }

  #of(call: CallContext, method: string): Logger {
    return this.#log.with({ method, ...(call.peer.kind === 'unix' ? { pid: call.peer.pid } : {}) });
  }

  #describe(): WireLogger {
    return { currentLevel: WIRE_LEVELS[this.#logger.level], launchLevel: WIRE_LEVELS[this.#logger.launchLevel] };
  }
}
