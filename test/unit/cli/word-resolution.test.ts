import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandTable } from '../../../src/lib/cli/command-table.ts';
import { childrenOf, resolveWords } from '../../../src/lib/cli/word-resolution.ts';

const agent = [...commandTable('spire-agent').keys()];
const resolve = (line: string) => resolveWords(agent, line === '' ? [] : line.split(' '));

describe('resolveWords', () => {
  it('takes the longest run of words it knows; the rest are arguments', () => {
    expect(resolve('api fetch x509 -silent')).toMatchObject({
      kind: 'command',
      words: 'api fetch x509',
      args: ['-silent'],
    });
    expect(resolve('api fetch bogus')).toMatchObject({ kind: 'command', words: 'api fetch', args: ['bogus'] });
    expect(resolve('run x')).toMatchObject({ kind: 'command', words: 'run', args: ['x'] });
  });

  it('sees a group where only further words lead on', () => {
    expect(resolve('api')).toMatchObject({ kind: 'group', words: 'api', args: [], isHelp: false });
    expect(resolve('api bogus')).toMatchObject({ kind: 'group', words: 'api', args: ['bogus'] });
    expect(resolve('api validate')).toMatchObject({ kind: 'group', words: 'api validate' });
  });

  it('does not take a word for the beginning of another', () => {
    expect(resolve('api fetchy')).toMatchObject({ kind: 'group', words: 'api', args: ['fetchy'] });
    expect(resolve('runx')).toEqual({ kind: 'unknown', words: 'runx' });
    expect(resolve('ru')).toEqual({ kind: 'unknown', words: 'ru' });
  });

  it('hears a call for help anywhere before --', () => {
    expect(resolve('api watch -socketPath -h')).toMatchObject({ words: 'api watch', isHelp: true });
    expect(resolve('-help api watch')).toMatchObject({ words: 'api watch', isHelp: true });
    expect(resolve('api watch -- -h')).toMatchObject({ words: 'api watch', isHelp: false });
    expect(resolve('--help')).toEqual({ kind: 'top', isAsked: true });
    expect(resolve('')).toEqual({ kind: 'top', isAsked: false });
  });

  it('hears the version only before the first word', () => {
    for (const word of ['-v', '-version', '--version']) expect(resolve(word)).toEqual({ kind: 'version' });
    expect(resolve('-v run')).toEqual({ kind: 'version' });
    expect(resolve('run -v')).toMatchObject({ kind: 'command', args: ['-v'] });
  });

  it('notices flags before the words', () => {
    expect(resolve('-x run')).toMatchObject({ words: 'run', hasMisplacedFlags: true });
    expect(resolve('-x')).toEqual({ kind: 'top', isAsked: false });
  });

  it('names nothing but what it knows, for any arguments', () => {
    const word = fc.oneof(
      fc.constantFrom('api', 'fetch', 'jwt', 'run', '-h', '-v', '--', '-x', '', 'a b'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (argv) => {
        const found = resolveWords(agent, argv);
        if (found.kind === 'command') expect(agent).toContain(found.words);
        if (found.kind === 'group') expect(childrenOf(agent, found.words)).not.toEqual([]);
        if ('args' in found) expect(argv.slice(argv.length - found.args.length)).toEqual(found.args);
      }),
    );
  });
});

describe('childrenOf', () => {
  it('lists first words, groups among them', () => {
    expect(childrenOf(agent, '')).toEqual(['api', 'debug', 'healthcheck', 'logger', 'run', 'validate']);
  });

  it('lists what is right below a name', () => {
    expect(childrenOf(agent, 'api')).toEqual(['api fetch', 'api validate', 'api watch']);
    expect(childrenOf(agent, 'api fetch x509')).toEqual([]);
  });
});
