import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatGrpcTimeout, parseGrpcTimeout } from '../../../src/lib/rpc/grpc-timeout.ts';

const MS: Readonly<Record<string, number>> = { n: 1e-6, u: 1e-3, m: 1, S: 1000, M: 60_000, H: 3_600_000 };

describe('formatGrpcTimeout', () => {
  it('writes at most eight digits, never less than asked and never a unit more', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 1e14, noNaN: true }), (timeoutMs) => {
        const [, digits = '', unit = ''] = /^(\d{1,8})([umSMH])$/.exec(formatGrpcTimeout(timeoutMs)) ?? [];
        const unitMs = MS[unit] ?? Number.NaN;
        expect(Number(digits) * unitMs).toBeGreaterThanOrEqual(timeoutMs * (1 - 1e-9));
        expect((Number(digits) - 1) * unitMs).toBeLessThan(timeoutMs);
      }),
    );
  });

  it.each([
    [0, '0n'],
    [-5, '0n'],
    [Number.NaN, '0n'],
    [1, '1000u'],
    [5000, '5000000u'],
    [100_000, '100000m'],
    [Number.MAX_VALUE, '99999999H'],
  ])('writes %d ms as %s', (timeoutMs, text) => {
    expect(formatGrpcTimeout(timeoutMs)).toBe(text);
  });
});

describe('parseGrpcTimeout', () => {
  it('reads what is written, which is no less than was asked for and by less than a unit more', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 1e14, noNaN: true }), (timeoutMs) => {
        const text = formatGrpcTimeout(timeoutMs);
        const read = parseGrpcTimeout(text) ?? Number.NaN;
        expect(read).toBeGreaterThanOrEqual(timeoutMs * (1 - 1e-9));
        expect(read).toBeLessThanOrEqual((timeoutMs + (MS[text.slice(-1)] ?? 0)) * (1 + 1e-9));
      }),
    );
  });

  it('reads digits with a unit and nothing else', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('0', '1', '9', 'n', 'u', 'm', 'S', 'M', 'H', 's', '-', '.', ' ', '\n'),
          maxLength: 10,
        }),
        (text) => {
          const [, digits, unit = ''] = /^([0-9]{1,8})([numSMH])$/.exec(text) ?? [];
          const expected =
            digits === undefined || text.endsWith('\n') ? undefined : Number(digits) * (MS[unit] ?? Number.NaN);
          expect(parseGrpcTimeout(text)).toBe(expected);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
