import { goQuote } from '../../runtime/go-quote.ts';
import type { LogFormat } from '../../runtime/log-format.ts';
import { type LogLevel, parseLogLevel } from '../../runtime/log-level.ts';
import type { ConfigReport } from '../config-report.ts';
import { checkWritable } from '../file-access.ts';
import type { LogSettings } from './log-settings.ts';

/** The values of the keys, flags over file; empty strings mean that nothing is set. */
export interface RawLogSettings {
  readonly level: string;
  readonly format: string;
  readonly file: string;
  readonly sourceLocation: boolean;
}

/**
 * Checks and completes the settings of the log. The file is not created, only looked at.
 *
 * @param section block that holds the keys
 */
export async function resolveLogSettings(
  raw: RawLogSettings,
  report: ConfigReport,
  section: string,
): Promise<LogSettings> {
  if (raw.file !== '') {
    await report.during(checkWritable(report.resolvePath(raw.file), raw.file), [section, 'log_file']);
  }
  return {
    logLevel: resolveLevel(raw.level, report, section),
    logFormat: resolveFormat(raw.format, report, section),
    logFile: raw.file === '' ? undefined : raw.file,
    logSourceLocation: raw.sourceLocation,
  };
}

function resolveLevel(text: string, report: ConfigReport, section: string): LogLevel {
  return report.attempt(
    () => parseLogLevel(text === '' ? 'info' : text),
    (reason) => `could not start logger: ${reason}`,
    [section, 'log_level'],
  );
}

function resolveFormat(text: string, report: ConfigReport, section: string): LogFormat {
  const name = text.toLowerCase();
  if (name === '') return 'default';
  if (name === 'text' || name === 'json') return name;
  return report.fail(`could not start logger: unknown logger format: ${goQuote(text)}`, [section, 'log_format']);
}
