import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFileMode } from '../../../src/lib/svidfiles/file-mode.ts';

describe('parseFileMode', () => {
  it.each([
    ['0640', 0o640],
    ['640', 0o640],
    ['0400', 0o400],
  ])('reads %s', (text, mode) => {
    expect(parseFileMode(text)).toBe(mode);
  });

  it.each([
    ['', '"" is no file mode'],
    ['u+r', 'is no file mode'],
    ['4640', 'is no file mode'],
    ['0840', 'is no file mode'],
    ['0o640', 'is no file mode'],
    ['0240', 'its owner could not read the file'],
    ['0666', 'everybody could write the file'],
  ])('refuses %j', (text, reason) => {
    expect(() => parseFileMode(text)).toThrow(reason);
  });

  it('takes the owner-readable modes that not everybody can write, and no other text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.nat(0o7777).map((mode) => mode.toString(8)),
        ),
        (text) => {
          try {
            expect(parseFileMode(text) & 0o7402).toBe(0o400);
          } catch (error) {
            expect(error).toMatchObject({ code: 'usage' });
          }
        },
      ),
    );
  });
});
