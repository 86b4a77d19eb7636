import { formatLogEntry } from '../runtime/log-format.ts';
import { isLevelEnabled } from '../runtime/log-level.ts';
import type { ConfigNotice } from './config-notice.ts';
import type { LogSettings } from './section/log-settings.ts';

/**
 * The notices as the lines that a log with these settings would hold. Empty if the log goes to a file, which reading a
 * configuration does not touch.
 *
 * @param nowMs the lines' time, in milliseconds since the Unix epoch
 */
export function formatNotices(
  notices: readonly ConfigNotice[],
  settings: LogSettings | undefined,
  nowMs: number,
): string {
  if (settings === undefined || settings.logFile !== undefined) return '';
  return notices
    .filter(({ level }) => isLevelEnabled(settings.logLevel, level))
    .map((notice) => formatLogEntry(settings.logFormat, { timeMs: nowMs, ...notice }))
    .join('');
}
