import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatGoTime, formatRfc3339, UTC } from '../../../src/lib/cli/go-time.ts';

describe('formatRfc3339', () => {
  it('agrees with Date for every second of the years 0 to 9999', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -62_167_219_200n, max: 253_402_300_799n }), (seconds) => {
        expect(formatRfc3339(seconds)).toBe(new Date(Number(seconds) * 1000).toISOString().replace('.000Z', 'Z'));
      }),
    );
  });

  it('knows leap days and the ends of centuries', () => {
    expect(formatRfc3339(951_782_400n)).toBe('2000-02-29T00:00:00Z');
    expect(formatRfc3339(4_107_542_399n)).toBe('2100-02-28T23:59:59Z');
    expect(formatRfc3339(4_107_542_400n)).toBe('2100-03-01T00:00:00Z');
  });

  it('goes on where Date ends', () => {
    expect(formatRfc3339(9_223_372_036_854_775_807n)).toBe('292277026596-12-04T15:30:07Z');
  });
});

describe('formatGoTime', () => {
  it('shows the zone by offset and name', () => {
    expect(formatGoTime(1_700_000_000n, UTC)).toBe('2023-11-14 22:13:20 +0000 UTC');
    expect(formatGoTime(1_700_000_000n, { offsetSeconds: 3600, abbreviation: 'CET' })).toBe(
      '2023-11-14 23:13:20 +0100 CET',
    );
    expect(formatGoTime(1_700_000_000n, { offsetSeconds: -12_600, abbreviation: 'NST' })).toBe(
      '2023-11-14 18:43:20 -0330 NST',
    );
  });
});
