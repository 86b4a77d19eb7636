import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adviseOnWords } from '../../../src/lib/cli/suggestion.ts';
import { editDistance } from '../../../src/lib/runtime/edit-distance.ts';
import { findSuggestion } from '../../../src/lib/runtime/nearest-word.ts';

describe('findSuggestion', () => {
  it('finds the word a slip of the hand was meant to be', () => {
    expect(findSuggestion('versoin', ['help', 'version'])).toBe('version');
    expect(findSuggestion('entry creat', ['entry create', 'entry delete'])).toBe('entry create');
  });

  it('stays silent when nothing is near', () => {
    expect(findSuggestion('banana', ['help', 'version'])).toBeUndefined();
    expect(findSuggestion('x', [])).toBeUndefined();
  });
});

describe('adviseOnWords', () => {
  const commands = [
    'agent evict',
    'agent list',
    'agent run',
    'api fetch x509',
    'entry create',
    'entry show',
    'server run',
  ];

  it.each([
    ['entry list', '`spirekit entry show`'],
    ['entry add', '`spirekit entry create`'],
    ['agent rm', '`spirekit agent evict`'],
    ['entry shwo', '`spirekit entry show`'],
    ['run', '`spirekit agent run` or `spirekit server run`'],
    ['fetch', '`spirekit api fetch`'],
    ['banana', '`spirekit --help`'],
    ['entry banana', '`spirekit entry --help`'],
  ])('knows what %s was meant to be', (words, advice) => {
    expect(adviseOnWords(words, commands)).toContain(advice);
  });
});

describe('editDistance', () => {
  it('is zero for the same word only, the same both ways, and never more than the longer word', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        const distance = editDistance(a, b);
        expect(distance === 0).toBe(a === b);
        expect(editDistance(b, a)).toBe(distance);
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });

  it('counts two swapped neighbours once', () => {
    expect(editDistance('versoin', 'version')).toBe(1);
  });
});
