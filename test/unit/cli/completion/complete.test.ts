import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CommandClass } from '../../../../src/lib/cli/command-class.ts';
import { commandTable } from '../../../../src/lib/cli/command-table.ts';
import { type Completion, formatCompletion, MAX_CANDIDATES } from '../../../../src/lib/cli/completion/candidate.ts';
import { type CompletionSources, complete } from '../../../../src/lib/cli/completion/complete.ts';
import type { ValueRequest } from '../../../../src/lib/cli/completion/value-request.ts';
import type { CommandLoader } from '../../../../src/lib/cli/drop-in.ts';
import { GoFlagSet } from '../../../../src/lib/cli/go-flags.ts';
import { umbrellaFlags } from '../../../../src/lib/cli/umbrella-flags.ts';
import { projectRoot } from '../../../support/programs.ts';

const table = commandTable('spirekit');

/** As the programs load them, by a way that the test runner understands. */
const loadCommand: CommandLoader = {
  async load(path) {
    const file = pathToFileURL(join(projectRoot, 'src/commands', `${path}.ts`)).href;
    const module: { default: CommandClass } = await import(file);
    return module.default;
  },
  summaryOf: async (path) => (await loadCommand.load(path)).summary,
};

function sources(find: (request: ValueRequest) => Completion | undefined = () => undefined): CompletionSources {
  return { table, commands: loadCommand, findValues: (request) => Promise.resolve(find(request)) };
}

async function valuesOf(line: readonly string[], from = sources()): Promise<readonly string[]> {
  const completion = await complete(line, from);
  return 'candidates' in completion ? completion.candidates.map(({ value }) => value) : [completion.kind];
}

describe('the completion of a command line', () => {
  it('offers the words that lead on, with what commands do', async () => {
    expect(await valuesOf(['ent'])).toEqual(['entry']);
    expect(await valuesOf(['api', ''])).toEqual(['fetch', 'validate', 'watch']);
    expect(await valuesOf(['nonsense', ''])).toEqual([]);
    const shown = await complete(['entry', 'sh'], sources());
    expect(formatCompletion(shown)).toBe('words\nshow\tShow registration entries\n');
  });

  it('offers flags that are not there yet, in the spelling that was begun', async () => {
    expect(await valuesOf(['entry', 'show', '--spiffe'])).toEqual(['--spiffe-id']);
    expect(await valuesOf(['entry', 'show', '-spiffe'])).toEqual(['-spiffeID']);
    expect(await valuesOf(['entry', 'show', '-spiffeID', 'x', '--spiffe'])).toEqual([]);
    expect(await valuesOf(['entry', 'create', '--selector', 'a:b', '--sele'])).toEqual(['--selector']);
  });

  it('asks for a value where one is missing, also behind an equals sign', async () => {
    const asked: ValueRequest[] = [];
    const from = sources((request) => {
      asked.push(request);
      return { kind: 'words', candidates: [{ value: 'spiffe://a/b' }, { value: 'other' }] };
    });
    expect(await valuesOf(['entry', 'show', '--socket-path', '/s', '-spiffeID', 'sp'], from)).toEqual(['spiffe://a/b']);
    expect(await valuesOf(['entry', 'show', '--spiffe-id=sp'], from)).toEqual(['--spiffe-id=spiffe://a/b']);
    expect(asked.map(({ words, flagName, typed }) => ({ words, flagName, typed }))).toEqual([
      { words: 'entry show', flagName: 'spiffeID', typed: 'sp' },
      { words: 'entry show', flagName: 'spiffeID', typed: 'sp' },
    ]);
    expect(asked[0]?.args).toEqual(['--socket-path', '/s', '-spiffeID']);
  });

  it.each([
    [
      ['entry', 'show', '--output', ''],
      ['pretty', 'json', 'jsonl', 'yaml', 'table', 'name'],
    ],
    [
      ['entry', 'create', '--admin='],
      ['--admin=true', '--admin=false'],
    ],
    [
      ['bundle', 'delete', '--mode', 'd'],
      ['delete', 'dissociate'],
    ],
    [['entry', 'create', '--data', ''], ['files']],
    [['api', 'fetch', 'x509', '--write', ''], ['folders']],
    [
      ['completion', ''],
      ['bash', 'fish', 'zsh'],
    ],
    [['help', 'ent'], ['entry']],
    [['dev', 'exec', '--', 'l'], ['command']],
    [['dev', 'exec', 'l'], ['command']],
    [['entry', 'show', '--nosuchflag=', ''], []],
  ])('%j is followed by %j', async (line, values) => {
    expect(await valuesOf(line)).toEqual(values);
  });

  it('offers nothing that does not fit what is typed, and flags that the command takes', async () => {
    const word = fc.oneof(
      fc.constantFrom(...[...table.keys()].flatMap((words) => words.split(' '))),
      fc.string(),
      fc.constantFrom('-', '--'),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(word, { maxLength: 4 }),
        fc.constantFrom('', 's', '-', '--s', '-s'),
        async (before, typed) => {
          for (const value of await valuesOf([...before, typed])) {
            expect(value.startsWith(typed) || ['files', 'folders', 'command'].includes(value)).toBe(true);
            const path = table.get(before.join(' '));
            if (path === undefined || !value.startsWith('-')) continue;
            const { usageName, goFlags } = await loadCommand.load(path);
            const flags = umbrellaFlags(goFlags);
            const parse = () => new GoFlagSet(usageName, flags, 'spirekit').parse([value]);
            expect(() => {
              try {
                parse();
              } catch (error) {
                if (!String(error).includes('needs an argument')) throw error;
              }
            }).not.toThrow();
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('what a shell reads', () => {
  it('is lines of words that can be typed as they are, not more than help', () => {
    const candidate = fc.record({ value: fc.string({ unit: 'binary' }), description: fc.string({ unit: 'binary' }) });
    fc.assert(
      fc.property(fc.array(candidate, { maxLength: 2 * MAX_CANDIDATES }), (candidates) => {
        const lines = formatCompletion({ kind: 'words', candidates }).split('\n');
        expect(lines[0]).toBe('words');
        expect(lines.at(-1)).toBe('');
        expect(lines.length).toBeLessThanOrEqual(MAX_CANDIDATES + 2);
        for (const line of lines.slice(1, -1)) expect(line).toMatch(/^[^\s'"`$\\;&|<>]+(\t[^\u0000-\u001f]+)?$/);
      }),
    );
  });

  it.each(['files', 'folders', 'command'] as const)('is %s where the shell knows better', (kind) => {
    expect(formatCompletion({ kind })).toBe(`${kind}\n`);
  });
});
