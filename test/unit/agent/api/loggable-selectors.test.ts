import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loggableSelectors } from '../../../../src/lib/agent/api/workload/v1/loggable-selectors.ts';
import { formatSelector, parseSelector } from '../../../../src/lib/spiffe/selector.ts';

const selectors = ['unix:uid:0', 'unix:uids', 'k8s:ns:default', 'k8s:sa:web'].map(parseSelector);

test('shows what a prefix stands for, sorted', () => {
  expect(loggableSelectors(selectors, ['unix:uid', 'k8s'])).toBe('k8s:ns:default,k8s:sa:web,unix:uid:0');
  expect(loggableSelectors(selectors, ['k8s:ns:default'])).toBe('k8s:ns:default');
});

test('shows nothing by default', () => {
  expect(loggableSelectors(selectors, [])).toBeUndefined();
  expect(loggableSelectors(selectors, ['unix:u', ''])).toBeUndefined();
});

test('never shows what no prefix stands for', () => {
  const word = fc.string({ unit: fc.constantFrom('a', ':', 'b'), minLength: 1 });
  fc.assert(
    fc.property(fc.array(fc.record({ type: word, value: word })), fc.array(word), (all, prefixes) => {
      const allowed = all.filter((one) =>
        prefixes.some((prefix) => `${formatSelector(one)}:`.startsWith(`${prefix}:`)),
      );
      expect(loggableSelectors(all, prefixes) ?? '').toBe(allowed.map(formatSelector).sort().join(','));
    }),
  );
});
