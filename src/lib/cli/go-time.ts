/** What a clock on the wall shows beside the time: the distance from UTC and the zone's short name. */
export interface Zone {
  /** East of Greenwich is positive. */
  readonly offsetSeconds: number;
  /** `UTC`, `CET`, or an offset such as `+03` where the zone has no name. */
  readonly abbreviation: string;
}

/** Coordinated universal time. */
export const UTC: Zone = { offsetSeconds: 0, abbreviation: 'UTC' };

/** A moment as Go prints a `time.Time` of whole seconds: `2006-01-02 15:04:05 -0700 MST`. Any 64-bit second will do. */
export function formatGoTime(epochSeconds: bigint, zone: Zone): string {
  const { date, time } = fieldsOf(epochSeconds + BigInt(zone.offsetSeconds));
  const minutes = Math.trunc(Math.abs(zone.offsetSeconds) / 60);
  const offset = `${two(Math.trunc(minutes / 60))}${two(minutes % 60)}`;
  return `${date} ${time} ${zone.offsetSeconds < 0 ? '-' : '+'}${offset} ${zone.abbreviation}`;
}

/** A moment in UTC as RFC 3339 writes it: `2006-01-02T15:04:05Z`. */
export function formatRfc3339(epochSeconds: bigint): string {
  const { date, time } = fieldsOf(epochSeconds);
  return `${date}T${time}Z`;
}

const DAY = 86_400n;
/** Days from 0000-03-01, where the leap day ends a year, to 1970-01-01. */
const DAYS_TO_EPOCH = 719_468n;
/** Days in 400 years, after which the Gregorian calendar repeats itself. */
const DAYS_PER_ERA = 146_097n;

/** `Date` ends in the year 275760 and changes its format beyond 9999; entries may expire later than that. */
function fieldsOf(epochSeconds: bigint): { date: string; time: string } {
  const days = floorDivide(epochSeconds, DAY);
  const second = Number(epochSeconds - days * DAY);
  const era = floorDivide(days + DAYS_TO_EPOCH, DAYS_PER_ERA);
  const dayOfEra = Number(days + DAYS_TO_EPOCH - era * DAYS_PER_ERA);
  const yearOfEra = Math.trunc(
    (dayOfEra - Math.trunc(dayOfEra / 1460) + Math.trunc(dayOfEra / 36_524) - Math.trunc(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.trunc(yearOfEra / 4) - Math.trunc(yearOfEra / 100));
  const shiftedMonth = Math.trunc((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.trunc((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const year = era * 400n + BigInt(yearOfEra) + (month <= 2 ? 1n : 0n);
  const clock = [Math.trunc(second / 3600), Math.trunc(second / 60) % 60, second % 60];
  return { date: `${yearText(year)}-${two(month)}-${two(day)}`, time: clock.map(two).join(':') };
}

function floorDivide(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend < 0n && quotient * divisor !== dividend ? quotient - 1n : quotient;
}

function yearText(year: bigint): string {
  return year < 0n ? `-${String(-year).padStart(4, '0')}` : String(year).padStart(4, '0');
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
