import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseExpiresBefore } from '../../../../../../src/lib/server/api/agent/v1/expires-before.ts';

test.each([
  ['1970-01-01 00:00:00 +0000 +00', 0],
  ['2024-02-29 12:30:15 -0300 -03', Date.UTC(2024, 1, 29, 15, 30, 15) / 1000],
  ['2024-01-01 1:02:03.999 +0530 +05', Date.UTC(2023, 11, 31, 20, 2, 3) / 1000],
  ['0099-01-01 00:00:00 +0000 +00', -59042995200],
])('%s is %d', (text, seconds) => {
  expect(parseExpiresBefore(text)).toBe(seconds);
});

test.each([
  '',
  'yesterday',
  '2024-01-01',
  '2024-01-01 00:00:00',
  '2024-01-01 00:00:00 +0000 UTC',
  '2023-02-29 00:00:00 +0000 +00',
  '2024-13-01 00:00:00 +0000 +00',
  '2024-01-00 00:00:00 +0000 +00',
  '2024-01-01 24:00:00 +0000 +00',
  '2024-01-01 00:60:00 +0000 +00',
  '2024-01-01 00:00:00 +0000 +00 ',
])('refuses %j instead of filtering nothing', (text) => {
  expect(() => parseExpiresBefore(text)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
});

test('reads back any second that was written with any whole-hour offset', () => {
  const second = fc.integer({ min: -62135596800 + 86400, max: 253402300799 - 86400 });
  fc.assert(
    fc.property(second, fc.integer({ min: -12, max: 14 }), (epochSeconds, offset) => {
      const local = new Date((epochSeconds + offset * 3600) * 1000).toISOString();
      const hours = `${offset < 0 ? '-' : '+'}${String(Math.abs(offset)).padStart(2, '0')}`;
      const text = `${local.slice(0, 10)} ${local.slice(11, 19)} ${hours}00 ${hours}`;
      expect(parseExpiresBefore(text)).toBe(epochSeconds);
    }),
  );
});
