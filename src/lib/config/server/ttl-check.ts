import { formatGoDuration } from '../../runtime/go-duration.ts';
import type { ConfigReport } from '../config-report.ts';

const SECOND = 1_000_000_000n;

/** SVIDs that live no longer than this can be had whole, however long the CA lives. */
const MAX_SVID_TTL = 7n * 24n * 3600n * SECOND;

/** A CA stops signing when a sixth of its life is left. */
const CA_TTL_SHARE = 6n;

/** Lifetimes in nanoseconds. */
export interface Lifetimes {
  readonly caTtl: bigint;
  /** Names of keys with their values. */
  readonly svidTtls: Readonly<Record<string, bigint>>;
}

/** Warns of lifetimes that SVIDs cannot always get, because the CA may be about to expire. */
export function noteShortenedLifetimes({ caTtl, svidTtls }: Lifetimes, report: ConfigReport): void {
  const longestForCa = min(caTtl / CA_TTL_SHARE, MAX_SVID_TTL);
  for (const [name, ttl] of Object.entries(svidTtls)) {
    if (ttl <= longestForCa) continue;
    report.note('warning', describeLifetime(name, ttl, caTtl));
  }
}

function describeLifetime(name: string, ttl: bigint, caTtl: bigint): string {
  const shorter = 'SVIDs with shorter lifetimes may be issued.';
  const full = `to guarantee the full ${name} lifetime when CA rotations are scheduled.`;
  const longestForCa = shortDuration(min(caTtl / CA_TTL_SHARE, MAX_SVID_TTL));
  if (ttl < MAX_SVID_TTL) {
    const neededCaTtl = shortDuration(ttl * CA_TTL_SHARE);
    const remedy = `Please set ${name} to ${longestForCa} or less, or the ca_ttl to ${neededCaTtl} or more,`;
    return `${name} is too high for the configured ca_ttl value. ${shorter} ${remedy} ${full}`;
  }
  const neededCaTtl = MAX_SVID_TTL * CA_TTL_SHARE;
  if (caTtl < neededCaTtl) {
    const both = `${shortDuration(MAX_SVID_TTL)} or less, and the ca_ttl to ${shortDuration(neededCaTtl)} or more,`;
    return `${name} is too high and the ca_ttl is too low. ${shorter} Please set ${name} to ${both} ${full}`;
  }
  return `${name} is too high. ${shorter} Please set ${name} to ${longestForCa} or less ${full}`;
}

/** Whole seconds, without zero minutes and seconds at the end: `24h`, `10m`, `1h5m`, `90s`. */
function shortDuration(nanoseconds: bigint): string {
  return formatGoDuration((nanoseconds / SECOND) * SECOND)
    .replace(/m0s$/, 'm')
    .replace(/h0m$/, 'h');
}

function min(one: bigint, other: bigint): bigint {
  return one < other ? one : other;
}
