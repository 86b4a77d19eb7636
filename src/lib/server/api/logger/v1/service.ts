import type { ServiceImplementation } from '../../../../rpc/call-context.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import type { LogLevel as LogLevelName } from '../../../../runtime/log-level.ts';
import type { DaemonLogger } from '../../../../runtime/logger.ts';
import type { LoggerDefinition } from '../../../../wire/gen/spire/api/server/logger/v1/logger.ts';
import { type Logger, LogLevel } from '../../../../wire/gen/spire/api/types/logger.ts';

const WIRE_LEVELS: Readonly<Record<LogLevelName, LogLevel>> = {
  panic: LogLevel.PANIC,
  fatal: LogLevel.FATAL,
  error: LogLevel.ERROR,
  warning: LogLevel.WARN,
  info: LogLevel.INFO,
  debug: LogLevel.DEBUG,
  trace: LogLevel.TRACE,
};

/** `spire.api.server.logger.v1.Logger`: reads and changes the level of the running server's log. */
export function loggerService(log: DaemonLogger): ServiceImplementation<typeof LoggerDefinition> {
  const state = (): Logger => ({
    currentLevel: WIRE_LEVELS[log.level],
    launchLevel: WIRE_LEVELS[log.launchLevel],
  });
  return {
    getLogger: async () => {
      log.info('GetLogger Called');
      return state();
    },
    setLogLevel: async ({ newLevel }) => {
      const level = levelOf(newLevel);
      log.info('SetLogLevel Called', { new_log_level: level });
      log.level = level;
      return state();
    },
    resetLogLevel: async () => {
      log.info('ResetLogLevel Called', { launch_log_level: log.launchLevel });
      log.resetLevel();
      return state();
    },
  };
}

function levelOf(wire: LogLevel): LogLevelName {
  if (wire === LogLevel.UNSPECIFIED) {
    throw new SpirekitError('invalid-argument', 'newLevel value cannot be LogLevel_UNSPECIFIED');
  }
  for (const name of ['panic', 'fatal', 'error', 'warning', 'info', 'debug', 'trace'] as const) {
    if (WIRE_LEVELS[name] === wire) return name;
  }
  throw new SpirekitError('invalid-argument', 'unsupported log level');
}
