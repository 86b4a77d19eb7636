import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CONTEXT_SETTINGS,
  type Context,
  formatContexts,
  parseContextName,
  parseContexts,
} from '../../../../src/lib/cli/contexts/contexts.ts';

const names = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,10}$/);
const settings: fc.Arbitrary<Context> = fc.record(
  Object.fromEntries(Object.keys(CONTEXT_SETTINGS).map((key) => [key, fc.string({ minLength: 1 })])),
  { requiredKeys: [] },
);

describe('contexts', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(fc.dictionary(names, settings, { noNullPrototype: true }), fc.nat(), (entries, pick) => {
        const contexts = new Map(Object.entries(entries));
        const current = [...contexts.keys()][pick % Math.max(1, contexts.size)];
        const all = { contexts, ...(current === undefined ? {} : { current }) };
        expect(parseContexts(formatContexts(all))).toEqual(all);
      }),
    );
  });

  it('have names that are words, whatever is typed', () => {
    fc.assert(
      fc.property(names, (name) => {
        expect(parseContextName(name)).toBe(name);
      }),
    );
    for (const text of ['', '-a', 'a b', 'a/b', '../a', 'é', 'a'.repeat(65)]) {
      expect(() => parseContextName(text)).toThrow('cannot name a context');
    }
  });

  it.each([
    ['{', 'not JSON'],
    ['[]', 'not an object'],
    ['{"version":2}', 'version is not 1'],
    ['{"version":1,"contexts":[]}', '"contexts" is not an object'],
    ['{"version":1,"contexts":{"a b":{}}}', 'cannot name a context'],
    ['{"version":1,"contexts":{"a":[]}}', 'the context a is not an object'],
    ['{"version":1,"contexts":{"a":{"key":"x"}}}', 'has a setting "key"'],
    ['{"version":1,"contexts":{"a":{"agentSocket":""}}}', 'agentSocket of the context a'],
    ['{"version":1,"contexts":{"a":{"agentSocket":1}}}', 'agentSocket of the context a'],
    ['{"version":1,"current":"b","contexts":{"a":{}}}', '"current" names no context'],
  ])('%s is refused: %s', (text, reason) => {
    expect(() => parseContexts(text)).toThrow(reason);
  });
});
