import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkSelector, compareSelectors, formatSelector, parseSelector } from '../../../src/lib/spiffe/selector.ts';

const selector = fc.record({ type: fc.stringMatching(/^[^:]{0,8}$/), value: fc.string() });

describe('selectors', () => {
  it('are parsed as they were formatted', () => {
    fc.assert(
      fc.property(selector, (given) => {
        expect(parseSelector(formatSelector(given))).toEqual(given);
      }),
    );
  });

  it('are split at the first colon only', () => {
    expect(parseSelector('k8s:ns:default')).toEqual({ type: 'k8s', value: 'ns:default' });
    expect(parseSelector(':')).toEqual({ type: '', value: '' });
  });

  it('need a colon', () => {
    expect(() => parseSelector('unix')).toThrow('selector "unix" must be formatted as type:value');
  });

  it.each([
    [{ type: '', value: 'x' }, 'missing selector type'],
    [{ type: 'a:b', value: 'x' }, "selector type contains ':'"],
    [{ type: 'a', value: '' }, 'missing selector value'],
  ])('are refused by servers: %j', (given, message) => {
    expect(() => checkSelector(given)).toThrow(message);
  });

  it('have one order', () => {
    fc.assert(
      fc.property(selector, selector, (a, b) => {
        expect(compareSelectors(a, b)).toBe(0 - compareSelectors(b, a));
        expect(compareSelectors(a, b) === 0).toBe(a.type === b.type && a.value === b.value);
      }),
    );
    expect(compareSelectors({ type: 'a', value: 'z' }, { type: 'b', value: 'a' })).toBe(-1);
    expect(() => checkSelector({ type: 'unix', value: 'uid:0' })).not.toThrow();
  });
});
