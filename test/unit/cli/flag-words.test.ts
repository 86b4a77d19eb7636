import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBundleFormat } from '../../../src/lib/cli/bundle-data.ts';
import { parseApiLogLevel } from '../../../src/lib/cli/log-level-flag.ts';
import { parseMatchBehavior } from '../../../src/lib/cli/selector-match.ts';
import { LOG_LEVELS, parseLogLevel } from '../../../src/lib/runtime/log-level.ts';
import { logLevelFromWire, logLevelToWire } from '../../../src/lib/wire/convert/log-level.ts';

/** A word in any mixture of capitals. */
const anyCase = (word: string): fc.Arbitrary<string> =>
  fc
    .array(fc.boolean(), { minLength: word.length, maxLength: word.length })
    .map((isUpper) =>
      Array.from(word, (letter, index) => (isUpper[index] === true ? letter.toUpperCase() : letter)).join(''),
    );

describe('flags that are one word of a few', () => {
  it('levels are read in any case and come back from the wire', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...LOG_LEVELS).chain((level) => anyCase(level).map((text) => ({ level, text }))),
        ({ level, text }) => {
          expect(parseLogLevel(text)).toBe(level);
          expect(parseApiLogLevel(text)).toBe(logLevelToWire(level));
          expect(logLevelFromWire(logLevelToWire(level))).toBe(level);
        },
      ),
    );
  });

  it('refuse every other word as an argument', () => {
    const known = new Set<string>([...LOG_LEVELS, 'warn']);
    fc.assert(
      fc.property(fc.string(), (word) => {
        fc.pre(!known.has(word.toLowerCase()));
        for (const parse of [parseLogLevel, parseApiLogLevel]) {
          expect(() => parse(word)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
        }
      }),
    );
    fc.assert(
      fc.property(fc.string(), (word) => {
        fc.pre(!['exact', 'any', 'superset', 'subset'].includes(word));
        const refusal = expect.objectContaining({ code: 'invalid-argument', message: 'no such word' });
        expect(() => parseMatchBehavior(word, 'no such word')).toThrow(refusal);
      }),
    );
    fc.assert(
      fc.property(fc.string(), (word) => {
        fc.pre(!['', 'pem', 'spiffe'].includes(word.toLowerCase()));
        expect(() => parseBundleFormat(word)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
      }),
    );
  });
});
