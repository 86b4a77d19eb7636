import type { ConfigReport } from '../config-report.ts';

/** Keys of one block that nobody knows. */
export interface UnknownSection {
  /** The block's name as the log line shows it. */
  readonly section: string;
  readonly keys: readonly string[];
}

/**
 * Notes unknown keys, one line a section, and then refuses the configuration for them.
 *
 * @throws {ConfigError} code `invalid-config`
 */
export function refuseUnknownKeys(sections: readonly UnknownSection[], report: ConfigReport): void {
  const found = sections.filter(({ keys }) => keys.length > 0);
  for (const { section, keys } of found) {
    report.note('error', 'Unknown configuration detected', { keys: keys.toSorted().join(','), section });
  }
  if (found.length > 0) report.fail('unknown configuration detected');
}
