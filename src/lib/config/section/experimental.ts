import type { ConfigReport } from '../config-report.ts';

/** Developer flags that SPIRE 1.15.3 knows; none has an effect here. */
const KNOWN_FLAGS: ReadonlySet<string> = new Set(['i_am_a_test_flag', 'wit-svid']);

/** @throws {ConfigError} code `invalid-config` when a flag is unknown */
export function checkFeatureFlags(flags: readonly string[], report: ConfigReport, section: string): void {
  const unknown = flags.filter((name) => !KNOWN_FLAGS.has(name)).toSorted();
  if (unknown.length === 0) return;
  const message = `error loading feature flags: unknown feature flag(s): [${unknown.join(' ')}]`;
  report.fail(message, [section, 'experimental', 'feature_flags']);
}

/** Notes each developer flag that is on. */
export function noteFeatureFlags(flags: readonly string[], report: ConfigReport): void {
  for (const name of flags) report.note('warning', `Developer feature flag "${name}" has been enabled`);
}

/** Notes that the `experimental` block is in use. */
export function noteExperimental(report: ConfigReport): void {
  report.note(
    'warning',
    'Experimental features have been enabled. Please see doc/upgrading.md for upgrade and compatibility ' +
      'considerations for experimental features.',
  );
}
