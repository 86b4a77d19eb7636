import { SpirekitError } from './errors.ts';

/** Nanoseconds in the units that Go's `time` package writes; both micro signs are read, `µ` (U+00B5) is written. */
const UNIT_NANOSECONDS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

const MAX_INT64 = 2n ** 63n - 1n;

/**
 * Reads a duration as Go's `time.ParseDuration` does: `300ms`, `-1.5h`, `2h45m`; a bare `0` needs no unit.
 *
 * @returns nanoseconds within the range of a signed 64-bit integer
 * @throws SpirekitError `invalid-argument` with Go's wording, which scripts read
 */
export function parseGoDuration(text: string): bigint {
  const invalid = (): SpirekitError => new SpirekitError('invalid-argument', `time: invalid duration ${goQuote(text)}`);
  let rest = text;
  const negative = rest.startsWith('-');
  if (negative || rest.startsWith('+')) rest = rest.slice(1);
  if (rest === '0') return 0n;
  if (rest === '') throw invalid();
  const limit = negative ? MAX_INT64 + 1n : MAX_INT64;
  let total = 0n;
  while (rest !== '') {
    const [number = '', whole = '', fraction = ''] = /^(\d*)\.?(\d*)/.exec(rest) ?? [];
    const [unit = ''] = /^[^0-9.]*/.exec(rest.slice(number.length)) ?? [];
    if (whole === '' && fraction === '') throw invalid();
    if (unit === '') throw new SpirekitError('invalid-argument', `time: missing unit in duration ${goQuote(text)}`);
    const scale = Object.hasOwn(UNIT_NANOSECONDS, unit) ? UNIT_NANOSECONDS[unit] : undefined;
    if (scale === undefined) {
      throw new SpirekitError('invalid-argument', `time: unknown unit ${goQuote(unit)} in duration ${goQuote(text)}`);
    }
    total += BigInt(whole === '' ? 0 : whole) * scale + fractionOf(fraction, scale);
    if (total > limit) throw invalid();
    rest = rest.slice(number.length + unit.length);
  }
  return negative ? -total : total;
}

/** In floating point, as Go does it; the digits that no 64-bit integer holds any more are dropped, as there. */
function fractionOf(digits: string, scale: bigint): bigint {
  let kept = 0n;
  let divisor = 1;
  for (const digit of digits) {
    if (kept > MAX_INT64 / 10n) break;
    kept = kept * 10n + BigInt(digit);
    divisor *= 10;
  }
  return BigInt(Math.trunc(Number(kept) * (Number(scale) / divisor)));
}

/**
 * Writes a duration as Go's `Duration.String` does: `1h2m0.5s`, `1.5ms`, `0s`.
 *
 * @param nanoseconds a signed 64-bit count
 */
export function formatGoDuration(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return '0s';
  const sign = nanoseconds < 0n ? '-' : '';
  const total = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  if (total < 1_000n) return `${sign}${total}ns`;
  if (total < 1_000_000n) return `${sign}${decimal(total, 3)}µs`;
  if (total < 1_000_000_000n) return `${sign}${decimal(total, 6)}ms`;
  const minutes = total / 60_000_000_000n;
  const seconds = `${decimal(total % 60_000_000_000n, 9)}s`;
  if (minutes === 0n) return `${sign}${seconds}`;
  if (minutes < 60n) return `${sign}${minutes}m${seconds}`;
  return `${sign}${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

/** Nanoseconds to milliseconds, for timers; fractions of a millisecond are kept. */
export function nanosecondsToMs(nanoseconds: bigint): number {
  return Number(nanoseconds) / 1e6;
}

/** Milliseconds, as a clock measures them, to whole nanoseconds. */
export function msToNanoseconds(ms: number): bigint {
  return BigInt(Math.round(ms * 1e6));
}

function decimal(value: bigint, places: number): string {
  const digits = value.toString().padStart(places + 1, '0');
  const fraction = digits.slice(-places).replace(/0+$/, '');
  const whole = digits.slice(0, -places);
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

/** Quotes as Go's `time` package quotes in its errors: bytes outside printable ASCII, `"` and `\` are escaped. */
function goQuote(text: string): string {
  let quoted = '"';
  for (const byte of new TextEncoder().encode(text)) {
    if (byte >= 0x80 || byte < 0x20) quoted += `\\x${byte.toString(16).padStart(2, '0')}`;
    else if (byte === 0x22 || byte === 0x5c) quoted += `\\${String.fromCharCode(byte)}`;
    else quoted += String.fromCharCode(byte);
  }
  return `${quoted}"`;
}
