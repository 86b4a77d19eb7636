import { CryptoError } from '../crypto-error.ts';
import { Tag } from './tags.ts';

const UTC_TIME = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;
const GENERALIZED_TIME = /^(\d\d\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;

/** First millisecond that no longer fits a UTCTime: the year 2050 (RFC 5280 section 4.1.2.5). */
const YEAR_2050_MS = Date.UTC(2050, 0, 1);
const YEAR_1950_MS = Date.UTC(1950, 0, 1);
/** The years that have four digits. */
const YEAR_0_MS = Date.parse('0000-01-01T00:00:00Z');
const YEAR_10000_MS = Date.UTC(10000, 0, 1);

/** Reads a time in one of the two forms of RFC 5280 section 4.1.2.5; milliseconds since the Unix epoch. */
export function decodeTime(tag: number, text: string): number {
  const match =
    tag === Tag.utcTime ? UTC_TIME.exec(text) : tag === Tag.generalizedTime ? GENERALIZED_TIME.exec(text) : null;
  if (match === null) throw new CryptoError('invalid-encoding', 'malformed DER: time');
  const [years = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map(Number);
  const year = tag === Tag.utcTime ? years + (years >= 50 ? 1900 : 2000) : years;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hours, minutes, seconds);
  const isReal =
    date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hours < 24 && minutes < 60 && seconds < 60;
  if (!isReal) throw new CryptoError('invalid-encoding', 'malformed DER: no such time');
  return date.getTime();
}

/** The tag and text of a moment, cut to whole seconds: UTCTime from 1950 to 2049, GeneralizedTime otherwise. */
export function encodeTime(ms: number): { readonly tag: number; readonly text: string } {
  if (!(ms >= YEAR_0_MS && ms < YEAR_10000_MS)) throw new CryptoError('invalid-encoding', 'time out of range');
  const digits = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return ms >= YEAR_1950_MS && ms < YEAR_2050_MS
    ? { tag: Tag.utcTime, text: digits.slice(2) }
    : { tag: Tag.generalizedTime, text: digits };
}
