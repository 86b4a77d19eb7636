import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasRunningMember, isRunningIn } from '../../../src/lib/supervise/group-members.ts';

describe('the members of a process group', () => {
  it.each([
    ['42 (sh) S 1 40 40', true],
    ['42 (a) Z 1 7 (b) R 1 40 40', true],
    ['42 (sh) Z 1 40 40', false],
    ['42 (sh) S 40 41 40', false],
    ['', false],
  ])('are told by state and group (%j)', (stat, isMember) => expect(isRunningIn(stat, 40)).toBe(isMember));

  it('are never found in what is no status', () => {
    fc.assert(fc.property(fc.string(), (text) => isRunningIn(text, 40) === false));
  });

  it('are there as long as one runs', () => {
    expect(hasRunningMember(2 ** 30)).toBe(false);
  });
});
