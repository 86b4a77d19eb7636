import { SpirekitError } from '../runtime/errors.ts';
import { goQuote } from '../runtime/go-quote.ts';

/** How `-expiresBefore` wants its moment, in Go's notation: the offset comes twice, as Go's `time.Time` prints it. */
const EXPIRES_BEFORE_LAYOUT = '2006-01-02 15:04:05 -0700 -07';

/**
 * Refuses what Go's `time.Parse` refuses for {@link EXPIRES_BEFORE_LAYOUT}, in its words; the server reads the text
 * itself, so nothing is returned.
 *
 * @throws SpirekitError `invalid-argument`
 */
export function checkExpiresBefore(text: string): void {
  const fields: Record<string, number> = {};
  let rest = text;
  for (const element of ELEMENTS) {
    rest = skip(text, rest, element.before);
    const match = element.pattern.exec(rest);
    if (match === null) throw cannotParse(text, rest, element.name);
    rest = rest.slice(match[0].length);
    for (const [field, digits] of Object.entries(match.groups ?? {})) {
      if (digits !== undefined) fields[field] = Number(digits);
    }
    const tooBig = element.limits?.find(([field, from, to]) => isOutside(fields[field], from, to));
    if (tooBig !== undefined) throw outOfRange(text, tooBig[3]);
  }
  if (rest !== '') throw refusal(`parsing time ${goQuote(text)}: extra text: ${goQuote(rest)}`);
  if (isOutside(fields['day'], 1, daysIn(fields['year'] ?? 0, fields['month'] ?? 1))) throw outOfRange(text, 'day');
}

/** A part of the layout: what precedes it, what it must look like, and the ranges of its numbers with Go's name. */
interface LayoutElement {
  readonly before: string;
  readonly name: string;
  readonly pattern: RegExp;
  readonly limits?: readonly (readonly [field: string, from: number, to: number, name: string])[];
}

const ELEMENTS: readonly LayoutElement[] = [
  { before: '', name: '2006', pattern: /^(?<year>[0-9]{4})/ },
  { before: '-', name: '01', pattern: /^(?<month>[0-9]{2})/, limits: [['month', 1, 12, 'month']] },
  { before: '-', name: '02', pattern: /^(?<day>[0-9]{2})/ },
  { before: ' ', name: '15', pattern: /^(?<hour>[0-9]{1,2})/, limits: [['hour', 0, 23, 'hour']] },
  { before: ':', name: '04', pattern: /^(?<minute>[0-9]{2})/, limits: [['minute', 0, 59, 'minute']] },
  { before: ':', name: '05', pattern: /^(?<second>[0-9]{2})(?:[.,][0-9]+)?/, limits: [['second', 0, 59, 'second']] },
  {
    before: ' ',
    name: '-0700',
    pattern: /^[+-](?<zoneHour>[0-9]{2})(?<zoneMinute>[0-9]{2})/,
    limits: [
      ['zoneMinute', 0, 60, 'time zone offset minute'],
      ['zoneHour', 0, 24, 'time zone offset hour'],
    ],
  },
  {
    before: ' ',
    name: '-07',
    pattern: /^[+-](?<shortZoneHour>[0-9]{2})/,
    limits: [['shortZoneHour', 0, 24, 'time zone offset hour']],
  },
];

/** Passes what stands between two elements; a space stands for any number of them, also none at the end. */
function skip(text: string, rest: string, expected: string): string {
  if (expected === ' ') {
    if (rest !== '' && !rest.startsWith(' ')) throw cannotParse(text, rest, expected);
    return rest.replace(/^ +/, '');
  }
  if (!rest.startsWith(expected)) throw cannotParse(text, rest, expected);
  return rest.slice(expected.length);
}

function isOutside(value: number | undefined, from: number, to: number): boolean {
  return value === undefined || value < from || value > to;
}

function daysIn(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (month === 2) return isLeap ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

function cannotParse(text: string, rest: string, element: string): SpirekitError {
  const what = `parsing time ${goQuote(text)} as ${goQuote(EXPIRES_BEFORE_LAYOUT)}`;
  return refusal(`${what}: cannot parse ${goQuote(rest)} as ${goQuote(element)}`);
}

function outOfRange(text: string, name: string): SpirekitError {
  return refusal(`parsing time ${goQuote(text)}: ${name} out of range`);
}

function refusal(message: string): SpirekitError {
  return new SpirekitError('invalid-argument', message);
}
