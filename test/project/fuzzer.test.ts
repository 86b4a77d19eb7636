import { globSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { parseSync } from 'oxc-parser';
import { describe, expect, it } from 'vitest';
import { type FuzzOutcome, fuzzTarget } from '../../scripts/fuzz/fuzz-target.ts';
import { instrument } from '../../scripts/fuzz/instrument.ts';
import { trim } from '../../scripts/fuzz/trim.ts';
import { announcer, inputNumber, makeWatched, watchedInput } from '../../scripts/fuzz/watched-input.ts';
import { projectRoot } from '../support/programs.ts';

const SAMPLE = `
function classify(n: number, tags: readonly string[] = []): string {
  if (n < 0) return 'negative'; else if (n === 0) return 'zero';
  for (const tag of tags) if (tag === 'skip') continue; else n += 1;
  while (n > 100) n -= 1;
  const parity = (x: number) => x % 2 === 0 ? 'even' : 'odd';
  switch (n) { case 1: case 2: return 'few'; default: }
  return tags.length > 0 && parity(n) || (parity(n) ?? 'none');
}
`;

/** What the sample answers, and which counters it hit. */
function runSample(args: readonly [number, (readonly string[])?]): { answer: unknown; hit: Set<number> } {
  let counters = 0;
  const { source } = instrument('sample.ts', SAMPLE, () => counters++);
  const hit = new Set<number>();
  const coverage = {
    count: (counter: number) => hit.add(counter),
    branch: <T>(counter: number, test: T): T => {
      hit.add(test ? counter : counter + 1);
      return test;
    },
  };
  const script = `${stripTypeScriptTypes(source)}\nclassify(...${JSON.stringify(args)})`;
  const answer: unknown = runInContext(script, createContext({ __coverage: coverage }));
  return { answer, hit };
}

describe('counters in a module', () => {
  it('leave what it does as it is, and tell its ways apart', () => {
    const answers = ([[-1], [0], [1], [3], [4, ['a', 'skip']], [200]] as const).map((args) => runSample(args));
    expect(answers.map(({ answer }) => answer)).toEqual(['negative', 'zero', 'few', 'odd', 'odd', 'even']);
    const ways = answers.map(({ hit }) => [...hit].sort((a, b) => a - b).join());
    expect(new Set(ways).size).toBe(ways.length);
  });

  it('can be put into every module, on the same lines', () => {
    for (const file of globSync('src/lib/**/*.ts', { cwd: projectRoot })) {
      const text = readFileSync(join(projectRoot, file), 'utf8');
      const { source } = instrument(file, text, () => 0);
      expect(parseSync(file, source).errors, file).toEqual([]);
      expect(source.split('\n').length, file).toBe(text.split('\n').length);
    }
  });
});

describe('the fuzzer', () => {
  const isBad = (bytes: Uint8Array): boolean => bytes.includes(0x7b) && bytes.length > 4;
  const run = (seed: number): FuzzOutcome =>
    fuzzTarget({
      target: (bytes) => {
        if (isBad(bytes)) throw new Error('planted');
      },
      corpus: [Buffer.from('an input')],
      seconds: 50,
      seed,
      coverage: undefined,
      isBlind: true,
      findsExtensions: false,
      announce: () => {},
    });

  it('finds what breaks a parser, as short as it can be, and the same again for the same seed', () => {
    const { finding, runs } = run(7);
    expect(finding?.what).toContain('planted');
    expect(finding?.input.length).toBe(5);
    expect(finding?.input).toContain(0x7b);
    expect(run(7)).toMatchObject({ runs, finding: { input: finding?.input } });
  });

  it('shortens an input for as long as it holds', () => {
    const short = trim(Buffer.from(`${'x'.repeat(1_000)}ab${'y'.repeat(77)}`), (bytes) =>
      Buffer.from(bytes).includes('ab'),
    );
    expect(Buffer.from(short).toString()).toBe('ab');
  });

  it('shows whoever watches which input it is at', () => {
    const watched = makeWatched();
    const announce = announcer(watched);
    announce(Buffer.from('first one'));
    announce(Buffer.from('second'));
    expect([inputNumber(watched), Buffer.from(watchedInput(watched)).toString()]).toEqual([2, 'second']);
  });
});
