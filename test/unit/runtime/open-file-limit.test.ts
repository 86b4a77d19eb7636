import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseOpenFileLimit } from '../../../src/lib/runtime/open-file-limit.ts';

describe('the limit of open files', () => {
  it('is the first number of its line, wherever the line stands', () => {
    const other = fc
      .constantFrom('Max processes', 'Max locked memory', 'Limit')
      .map((name) => `${name}    7    7    units`);
    fc.assert(
      fc.property(fc.array(other), fc.array(other), fc.nat(), fc.nat(), (before, after, soft, hard) => {
        const line = `Max open files            ${soft}                 ${hard}               files     `;
        expect(parseOpenFileLimit([...before, line, ...after, ''].join('\n'))).toBe(soft);
        expect(parseOpenFileLimit([...before, ...after, ''].join('\n'))).toBeUndefined();
      }),
    );
  });

  it('is none in any other text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseOpenFileLimit(text)).toBeUndefined();
      }),
    );
  });
});
