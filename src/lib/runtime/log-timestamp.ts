/** A moment in RFC 3339 with the local offset, `Z` for UTC; milliseconds only where asked for and not zero. */
export function formatLogTimestamp(epochMs: number, options: { milliseconds: boolean }): string {
  const { date, time, fraction, offsetMinutes } = localParts(epochMs);
  const zone = offsetMinutes === 0 ? 'Z' : formatOffset(offsetMinutes, ':');
  return `${date}T${time}${options.milliseconds ? fraction : ''}${zone}`;
}

/** A moment as Go prints a time: `2006-01-02 15:04:05.9 +0000 UTC`; zones other than UTC go by their offset. */
export function formatGoTimestamp(epochMs: number): string {
  const { date, time, fraction, offsetMinutes } = localParts(epochMs);
  const offset = formatOffset(offsetMinutes, '');
  return `${date} ${time}${fraction} ${offset} ${offsetMinutes === 0 ? 'UTC' : offset}`;
}

function localParts(epochMs: number): { date: string; time: string; fraction: string; offsetMinutes: number } {
  const offsetMinutes = -new Date(epochMs).getTimezoneOffset();
  const local = new Date(epochMs + offsetMinutes * 60_000).toISOString();
  const [date = '', timeOfDay = ''] = local.split('T');
  return { date, time: timeOfDay.slice(0, 8), fraction: timeOfDay.slice(8, 12).replace(/\.?0+$/, ''), offsetMinutes };
}

function formatOffset(minutes: number, separator: string): string {
  const size = Math.abs(minutes);
  const hours = String(Math.floor(size / 60)).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${hours}${separator}${String(size % 60).padStart(2, '0')}`;
}
