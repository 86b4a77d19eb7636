const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const;

/** A span of time for people, by its two largest units: `3d4h`, `5m10s`, `0s`. A negative one counts as positive. */
export function shortDuration(ms: number): string {
  let left = Number.isFinite(ms) ? Math.round(Math.min(Math.abs(ms), Number.MAX_SAFE_INTEGER) / 1000) : 0;
  const first = UNITS.findIndex(([, seconds]) => left >= seconds);
  if (first < 0) return '0s';
  return UNITS.slice(first, first + 2)
    .map(([unit, seconds]) => {
      const count = Math.floor(left / seconds);
      left -= count * seconds;
      return count === 0 ? '' : `${count}${unit}`;
    })
    .join('');
}

/** How far a moment lies from now: `in 5m10s`, `3d4h ago`, `now`. */
export function fromNow(ms: number, nowMs: number): string {
  if (Math.abs(ms - nowMs) < 1000) return 'now';
  return ms > nowMs ? `in ${shortDuration(ms - nowMs)}` : `${shortDuration(nowMs - ms)} ago`;
}
