import { expect, it } from 'vitest';
import { RareLines } from '../../../src/lib/runtime/rare-lines.ts';
import { ManualClock } from '../../support/manual-clock.ts';

it('a line comes at most every ten seconds, and says how many were left out', () => {
  const clock = new ManualClock();
  const lines: unknown[] = [];
  const rare = new RareLines(clock, (fields) => lines.push(fields));
  for (let n = 0; n < 5; n += 1) rare.write({ n });
  clock.advance(9_999);
  rare.write({ n: 5 });
  clock.advance(1);
  rare.write({ n: 6 });
  clock.advance(10_000);
  rare.write({ n: 7 });
  expect(lines).toEqual([{ n: 0 }, { n: 6, similar_lines_left_out: 5 }, { n: 7 }]);
});
