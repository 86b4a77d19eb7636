import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandEnv } from '../../../src/lib/config/expand-env.ts';

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
});
