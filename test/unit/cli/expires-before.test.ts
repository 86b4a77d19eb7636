import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkExpiresBefore } from '../../../src/lib/cli/expires-before.ts';
import { formatGoTime } from '../../../src/lib/cli/go-time.ts';

describe('checkExpiresBefore', () => {
  it('accepts every moment that Go prints with a numeric zone', () => {
    const hours = fc.integer({ min: -12, max: 14 });
    const seconds = fc.bigInt({ min: -62_135_596_800n + 86_400n, max: 253_402_300_799n - 86_400n });
    fc.assert(
      fc.property(seconds, hours, (epochSeconds, offsetHours) => {
        const abbreviation = `${offsetHours < 0 ? '-' : '+'}${String(Math.abs(offsetHours)).padStart(2, '0')}`;
        checkExpiresBefore(formatGoTime(epochSeconds, { offsetSeconds: offsetHours * 3600, abbreviation }));
      }),
    );
  });

  it.each(['2026-01-02 3:04:05 +0000 +00', '2026-01-02   15:04:05.999 -0700 -07', '2024-02-29 00:00:00 +0000 +00'])(
    'accepts %j as Go does',
    (text) => {
      checkExpiresBefore(text);
    },
  );

  const LAYOUT = '"2006-01-02 15:04:05 -0700 -07"';

  it.each([
    ['yesterday', `parsing time "yesterday" as ${LAYOUT}: cannot parse "yesterday" as "2006"`],
    ['', `parsing time "" as ${LAYOUT}: cannot parse "" as "2006"`],
    ['2026/01/02', `parsing time "2026/01/02" as ${LAYOUT}: cannot parse "/01/02" as "-"`],
    ['2026-01-02T00:00', `parsing time "2026-01-02T00:00" as ${LAYOUT}: cannot parse "T00:00" as " "`],
    ['2026-01-02', `parsing time "2026-01-02" as ${LAYOUT}: cannot parse "" as "15"`],
    [
      '2026-01-02 15:04:05 +00 +00',
      `parsing time "2026-01-02 15:04:05 +00 +00" as ${LAYOUT}: cannot parse "+00 +00" as "-0700"`,
    ],
    ['2026-13-02 15:04:05 +0000 +00', 'parsing time "2026-13-02 15:04:05 +0000 +00": month out of range'],
    ['2026-02-29 15:04:05 +0000 +00', 'parsing time "2026-02-29 15:04:05 +0000 +00": day out of range'],
    ['2026-01-02 24:04:05 +0000 +00', 'parsing time "2026-01-02 24:04:05 +0000 +00": hour out of range'],
    [
      '2026-01-02 15:04:05 +2500 +00',
      'parsing time "2026-01-02 15:04:05 +2500 +00": time zone offset hour out of range',
    ],
    ['2026-01-02 15:04:05 +0000 +00 x', 'parsing time "2026-01-02 15:04:05 +0000 +00 x": extra text: " x"'],
  ])('refuses %j as Go does', (text, message) => {
    expect(() => checkExpiresBefore(text)).toThrow(expect.objectContaining({ code: 'invalid-argument', message }));
  });
});
