import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../scripts/proofs/helper-use-cases/checks.ts';
import { USE_CASES, useCaseRows } from '../../scripts/proofs/helper-use-cases/use-cases.ts';
import { isKnownCall } from '../support/known-call.ts';
import { projectRoot } from '../support/programs.ts';

const page = readFileSync(join(projectRoot, 'docs/watch.md'), 'utf8');

describe('the page on api watch', () => {
  it('has the table of what the proof runs, row by row', () => {
    const [, section = ''] = page.split('| spiffe-helper | spirekit |\n|---|---|\n');
    expect(section.split('\n\n')[0]?.split('\n')).toEqual(useCaseRows());
  });

  it('shows command lines that there are, each of which is looked at', async () => {
    for (const { name, line } of USE_CASES) {
      expect(await isKnownCall({ program: 'spirekit', words: line.split(' ').slice(1) }), line).toBe(true);
      expect(Object.keys(CHECKS)).toContain(name);
    }
    expect(Object.keys(CHECKS).length).toBe(USE_CASES.length);
  });
});
