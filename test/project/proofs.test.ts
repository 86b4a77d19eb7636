import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Proof } from '../../scripts/proofs/proof.ts';
import { type RunShortForm, showShortForms } from '../../scripts/proofs/short-forms.ts';
import { projectRoot, run } from '../support/programs.ts';

const folder = join(projectRoot, 'scripts/proofs');

type Ended = Awaited<ReturnType<RunShortForm>>;

/** Proofs called `proof-0`, `proof-1`, ... that end so. */
async function outcome(...ended: Ended[]): Promise<{ holds: boolean; closing: string[] }> {
  const lines: string[] = [];
  const names = ended.map((_, index) => `proof-${index}`);
  const runShort: RunShortForm = async (name) => ended[names.indexOf(name)] ?? { code: null, stdout: '' };
  const holds = await showShortForms(names, runShort, (line) => lines.push(line));
  return { holds, closing: lines.filter((line) => !/ took \d+ s$/.test(line)) };
}

describe('the proofs', () => {
  it.each(globSync('*.proof.ts', { cwd: folder }).sort())('%s says so if it has a short form', async (file) => {
    const module: { proof: Proof } = await import(pathToFileURL(join(folder, file)).href);
    const knowsShort = /\bSHORT\b|--short/.test(readFileSync(join(folder, file), 'utf8'));
    expect(module.proof.hasShortForm ?? false).toBe(knowsShort);
  });
});

describe('the short forms of the proofs', () => {
  it('hold when each is shown', async () => {
    const { holds, closing } = await outcome({ code: 0, stdout: 'as it goes\nshown: proof-0: 3 of 3\n' });
    expect(holds).toBe(true);
    expect(closing).toEqual(['shown: proof-0: 3 of 3', 'proofs: 1 shown, 0 not shown, 0 skipped']);
  });

  it('do not hold when one is not shown or crashes, and the others run all the same', async () => {
    const { holds, closing } = await outcome(
      { code: 1, stdout: 'not shown: proof-0: 2 of 3\n' },
      { code: 7, stdout: 'as it goes\n' },
      { code: 0, stdout: 'shown: proof-2: all\n' },
      { code: null, stdout: 'shown: proof-3: all, and then it crashes\n' },
    );
    expect(holds).toBe(false);
    expect(closing).toContain('not shown: proof-1: it ended with exit code 7 and no result');
    expect(closing.at(-1)).toBe('proofs: 1 shown, 3 not shown, 0 skipped');
  });

  it('print the reason of a skipped one, which never counts as shown', async () => {
    const { holds, closing } = await outcome({ code: 1, stdout: 'skipped: proof-0: strace is not on the PATH\n' });
    expect(holds).toBe(true);
    expect(closing).toContain('skipped: proof-0: strace is not on the PATH');
    expect(closing.at(-1)).toBe('proofs: 0 shown, 0 not shown, 1 skipped');
  });

  it('are told from the long ones by the argument', async () => {
    const listed = await run(process.execPath, [join(projectRoot, 'scripts/proof.ts')]);
    expect(listed.stdout).toMatch(/^ {2}torn-files .* \(--short\)$/m);
    expect(listed.stdout).toMatch(/^ {2}readme .*[^)]$/m);
  });
});
