import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandTable } from '../../src/lib/cli/command-table.ts';
import { ours, projectRoot } from '../support/programs.ts';
import { formatGolden, parseGolden } from './golden-file.ts';
import { runGolden, type Starters } from './golden-run.ts';

const folder = join(projectRoot, 'test/golden');
// The launchers in bin/ run what `npm run build` made; `npm test` builds first.
const starters: Starters = { 'spire-agent': [ours.agent], 'spire-server': [ours.server], spirekit: [ours.spirekit] };
const files = globSync('*/*.txt', { cwd: folder }).sort();

describe('golden files', () => {
  it.concurrent.each(files)('%s is what the program prints', { timeout: 300_000 }, async (name) => {
    const file = parseGolden(readFileSync(join(folder, name), 'utf8'));
    expect(await runGolden(file, starters)).toEqual(file.steps);
  });

  it.each(files)('%s is written as the recorder writes it', (name) => {
    const text = readFileSync(join(folder, name), 'utf8');
    expect(formatGolden(parseGolden(text))).toBe(text);
  });

  it('are there for every command', () => {
    const expected = (['spire-agent', 'spire-server'] as const).flatMap((program) =>
      [...commandTable(program).keys()].map((words) => `${program}/${words.replaceAll(' ', '-')}.txt`),
    );
    expect(files).toEqual(expect.arrayContaining(expected));
  });
});
