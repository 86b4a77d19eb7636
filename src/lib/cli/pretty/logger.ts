import { LogLevel } from '../../wire/gen/spire/api/types/logger.ts';

/** The part of a logger that is shown; the agent's and the server's are alike. */
export interface LoggerLevels {
  readonly currentLevel: LogLevel;
  readonly launchLevel: LogLevel;
}

/** What the JSON of a logger message needs to be told. */
export const LOGGER_JSON_HINTS = { enums: { currentLevel: LogLevel, launchLevel: LogLevel } } as const;

/** The text of `logger get`, `set` and `reset`. */
export function formatLogger(logger: LoggerLevels): string {
  return `Logger Level : ${levelName(logger.currentLevel)}\nLaunch Level : ${levelName(logger.launchLevel)}\n\n`;
}

/** The name that SPIRE's programs print for a level: logrus's, so `warning` for WARN. */
function levelName(level: LogLevel): string {
  const name = Object.entries(LogLevel).find(([, value]) => value === level)?.[0] ?? String(level);
  return name === 'WARN' ? 'warning' : name.toLowerCase();
}
