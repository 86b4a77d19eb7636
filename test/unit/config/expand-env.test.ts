import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandEnv } from '../../../src/lib/config/expand-env.ts';
import { expandAsGo } from '../../support/expand-as-go.ts';

const env = { NAME: 'value', OTHER: '$NAME', _1: 'one' };

describe('variables in a configuration text', () => {
  it.each([
    ['$NAME', 'value'],
    [`\${NAME}`, 'value'],
    [`a\${NAME}b$NAME-c`, 'avaluebvalue-c'],
    ['$_1', 'one'],
    ['$ABSENT!', '!'],
    ['$$', '$'],
    ['$$NAME', '$NAME'],
    [`\${}x`, 'x'],
    [`\${x`, 'x'],
    ['$', '$'],
    ['a $ b', 'a $ b'],
    ['$1x', 'x'],
    ['$"', '$"'],
    ['$OTHER', '$NAME'],
    [`\${a b}c`, 'c'],
    ['$toString', ''],
    ['$é', '$é'],
  ])('turn %j into %j', (text, expanded) => {
    expect(expandEnv(text, env)).toBe(expanded);
  });

  it('leave a text without dollar signs as it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const plain = text.replaceAll('$', '');
        expect(expandEnv(plain, env)).toBe(plain);
      }),
    );
  });

  it('are what a scan by the letter of Go makes of them', () => {
    const piece = fc.constantFrom('$', '{', '}', 'NAME', 'OTHER', '_1', '1', '*', '-', 'é', ' ', '"', 'x');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('');
        const values: Readonly<Record<string, string>> = env;
        expect(expandEnv(text, env)).toBe(expandAsGo(text, (name) => values[name] ?? ''));
      }),
      { numRuns: 2_000 },
    );
  });

  it('are found in time that grows with the text only, however many braces are never closed', () => {
    expect(expandEnv('${'.repeat(1_000_000), env)).toBe('');
  });
});
