/** What a `Date` can hold at most, in milliseconds. */
const LAST_MS = 8.64e15;

/** A moment in UTC as RFC 3339 writes it, in whole seconds; one that is out of reach is the last that is not. */
export function utcTime(ms: number): string {
  const within = Number.isFinite(ms) ? Math.min(LAST_MS, Math.max(0, ms)) : LAST_MS;
  return new Date(within).toISOString().replace(/\.\d+Z$/, 'Z');
}
