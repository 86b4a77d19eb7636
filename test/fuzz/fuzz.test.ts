import { describe, expect, it } from 'vitest';
import { loadTarget, readCorpus, targetNames } from '../support/fuzz.ts';
import { mutate, seededRandom } from '../support/mutate.ts';

/** The short form; `npm run fuzz` runs for as long as it is told. */
const ROUNDS = 3_000;

const targets = await Promise.all(
  targetNames().map(async (name) => ({ name, target: await loadTarget(name), corpus: readCorpus(name) })),
);

describe.each(targets)('the parser $name', ({ name, target, corpus }) => {
  it('keeps its invariants on the kept inputs', () => {
    expect(corpus.length, `test/fuzz/corpus/${name} holds no input`).toBeGreaterThan(0);
    for (const input of corpus) target(input);
  });

  it('keeps its invariants on mutated inputs', () => {
    const random = seededRandom(20_260_101);
    const pick = (): Uint8Array => corpus[random(corpus.length)] ?? new Uint8Array();
    for (let round = 0; round < ROUNDS; round += 1) {
      const input = mutate(pick(), { other: pick() }, random);
      try {
        target(input);
      } catch (error) {
        throw new Error(`round ${round}: ${Buffer.from(input).toString('base64')}`, { cause: error });
      }
    }
  });
});
