import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseMoment } from '../../../src/lib/cli/rotation-flags.ts';
import { shellQuoted } from '../../../src/lib/cli/same-server.ts';
import { fromNow, shortDuration } from '../../../src/lib/cli/short-duration.ts';
import { utcTime } from '../../../src/lib/runtime/utc-time.ts';
import { run } from '../../support/programs.ts';

describe('moments', () => {
  it('are read as they are written, in whole seconds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (seconds) => {
        expect(parseMoment('at', utcTime(seconds * 1000))).toBe(seconds * 1000);
      }),
    );
  });

  it.each(['', '2031-05-06T12:00:00+02:00'])('are none or have an offset: %j', (text) => {
    expect(parseMoment('at', text)).toBe(text === '' ? undefined : Date.UTC(2031, 4, 6, 10));
  });

  it.each(['yesterday', '2031-05-06', '2031-13-06T12:00:00Z', '1', '2031-05-06 12:00:00Z'])('refuse %j', (text) => {
    expect(() => parseMoment('at', text)).toThrow(/^--at: ".*" is no moment such as 2006-01-02T15:04:05Z$/);
  });

  it('out of reach are the last ones', () => {
    expect(utcTime(Number.POSITIVE_INFINITY)).toBe(utcTime(8.64e15));
    expect(utcTime(Number.NaN)).toBe(utcTime(8.64e15));
  });
});

describe('spans of time', () => {
  it.each([
    [0, '0s'],
    [59_400, '59s'],
    [61_000, '1m1s'],
    [3_600_000, '1h'],
    [90_061_000, '1d1h'],
    [-5_000, '5s'],
    [Number.POSITIVE_INFINITY, '0s'],
  ])('of %s ms are %s', (ms, text) => {
    expect(shortDuration(ms)).toBe(text);
  });

  it('lie before or after now', () => {
    expect([fromNow(65_000, 0), fromNow(0, 65_000), fromNow(0, 10)]).toEqual(['in 1m5s', '1m5s ago', 'now']);
  });

  it('have two units at most, whatever the number', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (ms) => {
        expect(shortDuration(ms)).toMatch(/^(\d+[dhms]){1,2}$/);
        expect(fromNow(ms, 0)).toMatch(/^(now|in \w+|\w+ ago)$/);
      }),
    );
  });
});

describe('words for a shell', () => {
  it('are read back by one', async () => {
    const words = fc.sample(fc.string({ unit: 'grapheme-ascii' }), 50);
    const { stdout } = await run('sh', ['-c', `printf '%s\\n' ${words.map(shellQuoted).join(' ')}`]);
    expect(stdout).toBe(words.map((word) => `${word}\n`).join(''));
  });
});
