import { nanosecondsToMs, parseGoDuration } from '../../runtime/go-duration.ts';
import type { ConfigReport, KeyPath } from '../config-report.ts';

/**
 * Reads a duration in Go's form, such as `1h30m`, as nanoseconds.
 *
 * @param describe words the error around the reason
 * @throws {ConfigError} code `invalid-config`
 */
export function parseNanoseconds(
  text: string,
  report: ConfigReport,
  path: KeyPath,
  describe: (reason: string) => string,
): bigint {
  return report.attempt(() => parseGoDuration(text), describe, path);
}

/** Like {@link parseNanoseconds}, as seconds. */
export function parseSeconds(...parameters: Parameters<typeof parseNanoseconds>): number {
  return toSeconds(parseNanoseconds(...parameters));
}

/** Nanoseconds as seconds, with fractions. */
export function toSeconds(nanoseconds: bigint): number {
  return nanosecondsToMs(nanoseconds) / 1000;
}
