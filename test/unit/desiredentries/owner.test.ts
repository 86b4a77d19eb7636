import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ownedId, parseOwnerPrefix } from '../../../src/lib/desiredentries/owner.ts';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';

describe('parseOwnerPrefix', () => {
  it('takes names that end in a mark, and no beginning of a random ID', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.stringMatching(/^[a-z0-9.-]{0,12}[._-]$/),
          fc.uuid().map((id) => id.slice(0, 9)),
        ),
        (text) => {
          try {
            const owner = parseOwnerPrefix(text);
            expect(owner).toMatch(/^[A-Za-z0-9._-]*[A-Za-z0-9][._-]$/);
            expect(owner).not.toMatch(/^[0-9a-f]{8}-$/);
            expect(ownedId(owner, 'k')).toMatch(/^[A-Za-z0-9._-]{1,255}$/);
          } catch (error) {
            expect(error).toBeInstanceOf(SpirekitError);
          }
        },
      ),
    );
  });

  it.each(['', 'team', 'a', '.', '--', 'deadbeef-', 'deadbeef-0000-', 'a b.', `${'x'.repeat(300)}.`])(
    'refuses %j',
    (text) => {
      expect(() => parseOwnerPrefix(text)).toThrow(SpirekitError);
    },
  );

  it('gives the same ID to the same key, and another one where that is taken', () => {
    const owner = parseOwnerPrefix('team-a.');
    expect(ownedId(owner, 'k')).toBe(ownedId(owner, 'k'));
    expect(new Set([ownedId(owner, 'k'), ownedId(owner, 'l'), ownedId(owner, 'k', 1)]).size).toBe(3);
  });
});
