import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type Proof, skipped, verdict } from '../../scripts/proofs/proof.ts';
import { showShortForms } from '../../scripts/proofs/short-forms.ts';
import { projectRoot } from '../support/programs.ts';

const folder = join(projectRoot, 'scripts/proofs');

function fake(run: Proof['run'], hasShortForm: { hasShortForm?: true } = { hasShortForm: true }): Proof {
  return { shows: 'what it shows', ...hasShortForm, run };
}

async function outcome(...proofs: Proof[]): Promise<{ holds: boolean; closing: string[] }> {
  const lines: string[] = [];
  const named = proofs.map((proof, index) => ({ name: `proof-${index}`, proof }));
  const holds = await showShortForms(named, (line) => lines.push(line));
  return { holds, closing: lines.slice(-3) };
}

describe('the proofs', () => {
  it.each(globSync('*.proof.ts', { cwd: folder }).sort())('%s says so if it has a short form', async (file) => {
    const module: { proof: Proof } = await import(pathToFileURL(join(folder, file)).href);
    const knowsShort = /\bSHORT\b|--short/.test(readFileSync(join(folder, file), 'utf8'));
    expect(module.proof.hasShortForm ?? false).toBe(knowsShort);
  });
});

describe('the short forms of the proofs', () => {
  it('hold when each is shown, and are told apart by the argument', async () => {
    const { holds, closing } = await outcome(fake(async (args) => verdict(args.includes('--short'), '3 of 3')));
    expect(holds).toBe(true);
    expect(closing).toContain('shown: proof-0: 3 of 3');
    expect(closing.at(-1)).toBe('proofs: 1 shown, 0 not shown, 0 skipped');
  });

  it('leave out a proof that has none', async () => {
    const { closing } = await outcome(fake(() => Promise.reject(new Error('too long')), {}));
    expect(closing).toEqual(['proofs: 0 shown, 0 not shown, 0 skipped']);
  });

  it('do not hold when one is not shown or throws, and the others run all the same', async () => {
    const { holds, closing } = await outcome(
      fake(async () => verdict(false, '2 of 3')),
      fake(() => Promise.reject(new Error('out of order'))),
      fake(async () => verdict(true, 'all')),
    );
    expect(holds).toBe(false);
    expect(closing.at(-1)).toBe('proofs: 1 shown, 2 not shown, 0 skipped');
    expect(closing[0]).toContain('out of order');
  });

  it('print the reason of a skipped one, which never counts as shown', async () => {
    const { holds, closing } = await outcome(fake(async () => skipped('strace is not on the PATH')));
    expect(holds).toBe(true);
    expect(closing).toContain('skipped: proof-0: strace is not on the PATH');
    expect(closing.at(-1)).toBe('proofs: 0 shown, 0 not shown, 1 skipped');
  });
});
