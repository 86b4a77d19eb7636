import type { CallContext } from '../../rpc/call-context.ts';
import { type Logger, silentLogger } from '../../runtime/logger.ts';

const CALL_LOGGER = Symbol('call logger');

/** Leaves the logger of a call with it; its lines name the call, its request ID and its caller. */
export function setCallLogger(call: CallContext, log: Logger): void {
  call.values.set(CALL_LOGGER, log);
}

/** The logger of the call that is being served. */
export function callLogger(call: CallContext): Logger {
  // Only setCallLogger has the key.
  return (call.values.get(CALL_LOGGER) as Logger | undefined) ?? silentLogger;
}
