/** A moment in RFC 3339 with the local offset, `Z` for UTC; milliseconds only where asked for and not zero. */
export function formatLogTimestamp(epochMs: number, options: { milliseconds: boolean }): string {
  const offsetMinutes = -new Date(epochMs).getTimezoneOffset();
  const local = new Date(epochMs + offsetMinutes * 60_000).toISOString();
  const fraction = options.milliseconds ? local.slice(19, 23).replace(/\.?0+$/, '') : '';
  return `${local.slice(0, 19)}${fraction}${formatOffset(offsetMinutes)}`;
}

function formatOffset(minutes: number): string {
  if (minutes === 0) return 'Z';
  const size = Math.abs(minutes);
  const hours = String(Math.floor(size / 60)).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${hours}:${String(size % 60).padStart(2, '0')}`;
}
