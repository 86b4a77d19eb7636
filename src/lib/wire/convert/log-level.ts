import type { LogLevel } from '../../runtime/log-level.ts';
import { LogLevel as WireLogLevel } from '../gen/spire/api/types/logger.ts';
import { invalidMessage } from './conversion-error.ts';

const WIRE_LEVELS = {
  panic: WireLogLevel.PANIC,
  fatal: WireLogLevel.FATAL,
  error: WireLogLevel.ERROR,
  warning: WireLogLevel.WARN,
  info: WireLogLevel.INFO,
  debug: WireLogLevel.DEBUG,
  trace: WireLogLevel.TRACE,
} as const satisfies Readonly<Record<LogLevel, WireLogLevel>>;

const LEVELS: ReadonlyMap<WireLogLevel, LogLevel> = new Map([
  [WireLogLevel.PANIC, 'panic'],
  [WireLogLevel.FATAL, 'fatal'],
  [WireLogLevel.ERROR, 'error'],
  [WireLogLevel.WARN, 'warning'],
  [WireLogLevel.INFO, 'info'],
  [WireLogLevel.DEBUG, 'debug'],
  [WireLogLevel.TRACE, 'trace'],
]);

/** A log level as the logger APIs of both daemons send it. */
export function logLevelToWire(level: LogLevel): WireLogLevel {
  return WIRE_LEVELS[level];
}

/** The level that a request wants to have set, in SPIRE's words. @throws SpirekitError `invalid-argument` */
export function logLevelFromWire(wire: WireLogLevel): LogLevel {
  if (wire === WireLogLevel.UNSPECIFIED) throw invalidMessage('newLevel value cannot be LogLevel_UNSPECIFIED');
  const level = LEVELS.get(wire);
  if (level === undefined) throw invalidMessage('unsupported log level');
  return level;
}
