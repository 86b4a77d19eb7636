/** From when to when something is valid, in milliseconds since the Unix epoch. */
export interface Lifetime {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Where in its life something is. */
export interface LifePosition {
  readonly state: 'not-yet-valid' | 'valid' | 'expired';
  /** Until it expires; negative once it has. */
  readonly leftMs: number;
  /** How much of its life is used, from 0 to 1 while it is valid; undefined for a life without length. */
  readonly usedShare: number | undefined;
}

export function lifePosition({ notBeforeMs, notAfterMs }: Lifetime, nowMs: number): LifePosition {
  const length = notAfterMs - notBeforeMs;
  return {
    state: nowMs > notAfterMs ? 'expired' : nowMs < notBeforeMs ? 'not-yet-valid' : 'valid',
    leftMs: notAfterMs - nowMs,
    usedShare: length > 0 ? (nowMs - notBeforeMs) / length : undefined,
  };
}

/** A life in words: `expires in 43 minutes, 28 % of its life left`. */
export function lifeInWords(lifetime: Lifetime, nowMs: number): string {
  const { state, leftMs, usedShare } = lifePosition(lifetime, nowMs);
  if (lifetime.notAfterMs <= lifetime.notBeforeMs) return 'never valid: it ends before it begins';
  if (state === 'expired') return `expired ${spanInWords(-leftMs)} ago`;
  if (state === 'not-yet-valid') return `not valid for another ${spanInWords(lifetime.notBeforeMs - nowMs)}`;
  const left = usedShare === undefined ? '' : `, ${Math.floor((1 - usedShare) * 100)} % of its life left`;
  return `expires in ${spanInWords(leftMs)}${left}`;
}

const UNITS: readonly (readonly [name: string, ms: number])[] = [
  ['year', 365 * 86_400_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
];

/** A span of time in its largest unit, and the next one where that still says something: `2 days 3 hours`. */
export function spanInWords(ms: number): string {
  const index = UNITS.findIndex(([, size]) => ms >= size);
  const [name, size] = UNITS[index] ?? ['second', 1_000];
  if (index === -1) return 'less than a second';
  const count = Math.floor(ms / size);
  const next = UNITS[index + 1];
  const rest = next === undefined || count >= 10 || name === 'minute' ? 0 : Math.floor((ms - count * size) / next[1]);
  return rest === 0 || next === undefined ? counted(count, name) : `${counted(count, name)} ${counted(rest, next[0])}`;
}

/** A moment as RFC 3339 writes it, in UTC, without fractions of zero. Beyond the years 0 to 9999 with a sign, as JavaScript does. */
export function utc(ms: number): string {
  const clamped = Math.max(-8.64e15, Math.min(8.64e15, ms));
  return new Date(clamped).toISOString().replace('.000Z', 'Z');
}

function counted(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
