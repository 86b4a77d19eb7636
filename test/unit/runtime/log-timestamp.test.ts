import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatGoTimestamp, formatLogTimestamp } from '../../../src/lib/runtime/log-timestamp.ts';

/** From 1970 on: before, zones had offsets with seconds, which neither form can hold. */
const moments = fc.integer({ min: Date.UTC(1973, 0, 1), max: Date.UTC(9999, 11, 30) });

describe('timestamps', () => {
  test('of log lines name the moment, in whatever zone this is', () => {
    fc.assert(
      fc.property(moments, (ms) => {
        expect(Date.parse(formatLogTimestamp(ms, { milliseconds: true }))).toBe(ms);
        expect(Date.parse(formatLogTimestamp(ms, { milliseconds: false }))).toBe(ms - (ms % 1000));
      }),
    );
  });

  test("in Go's form name the moment too", () => {
    const form = /^(\d{4,}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,3})?) ([+-]\d\d)(\d\d) (UTC|[+-]\d{4})$/;
    fc.assert(
      fc.property(moments, (ms) => {
        const [, date, time, hours, minutes] = form.exec(formatGoTimestamp(ms)) ?? [];
        expect(Date.parse(`${date}T${time}${hours}:${minutes}`)).toBe(ms);
      }),
    );
  });
});
