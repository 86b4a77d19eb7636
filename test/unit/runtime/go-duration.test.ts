import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatGoDuration,
  msToNanoseconds,
  nanosecondsToMs,
  parseGoDuration,
} from '../../../src/lib/runtime/go-duration.ts';

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

describe('Go durations', () => {
  it('reads back every duration it writes', () => {
    fc.assert(
      fc.property(int64, (nanoseconds) => {
        expect(parseGoDuration(formatGoDuration(nanoseconds))).toBe(nanoseconds);
      }),
    );
  });

  it('refuses any other text with a code and never with another error', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          expect(typeof parseGoDuration(text)).toBe('bigint');
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid-argument' });
        }
      }),
    );
  });

  it.each([
    ['0', 0n],
    ['+5s', 5_000_000_000n],
    ['-1.5h', -5_400_000_000_000n],
    ['1h2m3.5s', 3_723_500_000_000n],
    ['.5s', 500_000_000n],
    ['1.s', 1_000_000_000n],
    ['3µs', 3_000n],
    ['3μs', 3_000n],
    ['0.3333333333333333333h', 1_200_000_000_000n],
    ['-9223372036854775808ns', -(2n ** 63n)],
  ])('reads %s', (text, nanoseconds) => {
    expect(parseGoDuration(text)).toBe(nanoseconds);
  });

  it.each([
    ['', 'time: invalid duration ""'],
    ['banana', 'time: invalid duration "banana"'],
    ['3', 'time: missing unit in duration "3"'],
    ['3x', 'time: unknown unit "x" in duration "3x"'],
    ['3toString', 'time: unknown unit "toString" in duration "3toString"'],
    ['1h-2m', 'time: unknown unit "h-" in duration "1h-2m"'],
    ['.s', 'time: invalid duration ".s"'],
    ['1.2.3s', 'time: missing unit in duration "1.2.3s"'],
    ['9223372036854775808ns', 'time: invalid duration "9223372036854775808ns"'],
    ['"', 'time: invalid duration "\\""'],
    ['é', 'time: invalid duration "\\xc3\\xa9"'],
  ])('refuses %j in the words of Go', (text, message) => {
    expect(() => parseGoDuration(text)).toThrow(message);
  });

  it.each([
    [0n, '0s'],
    [1n, '1ns'],
    [1_100n, '1.1µs'],
    [2_200_000n, '2.2ms'],
    [3_300_000_000n, '3.3s'],
    [60_000_000_000n, '1m0s'],
    [3_600_000_000_000n, '1h0m0s'],
    [-(2n ** 63n), '-2562047h47m16.854775808s'],
  ])('writes %s ns as Go does', (nanoseconds, text) => {
    expect(formatGoDuration(nanoseconds)).toBe(text);
  });

  it('converts to milliseconds and back', () => {
    expect(nanosecondsToMs(1_500_000n)).toBe(1.5);
    expect(msToNanoseconds(1.5)).toBe(1_500_000n);
  });
});
