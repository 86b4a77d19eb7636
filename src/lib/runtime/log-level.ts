import { SpirekitError } from './errors.ts';

/** From the quietest to the most talkative; the names SPIRE's configuration and logger API use. */
export const LOG_LEVELS = ['panic', 'fatal', 'error', 'warning', 'info', 'debug', 'trace'] as const;

/** How much is written: lines of this level and of those before it in {@link LOG_LEVELS}. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * Reads a level in any case; `warn` means `warning`. Error: `invalid-argument`.
 */
export function parseLogLevel(text: string): LogLevel {
  const name = text.toLowerCase();
  const level = name === 'warn' ? 'warning' : LOG_LEVELS.find((candidate) => candidate === name);
  if (level === undefined) {
    throw new SpirekitError('invalid-argument', `not a valid logrus Level: ${JSON.stringify(text)}`);
  }
  return level;
}

/** Whether a line of the given level is written while the logger stands at the given threshold. */
export function isLevelEnabled(threshold: LogLevel, level: LogLevel): boolean {
  return LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(threshold);
}
