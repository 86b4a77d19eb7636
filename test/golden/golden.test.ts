import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandTable } from '../../src/lib/cli/command-table.ts';
import { findSchemaFault } from '../support/json-schemas.ts';
import { type Finished, ours, projectRoot } from '../support/programs.ts';
import { findLacking } from './coverage.ts';
import { formatGolden, parseGolden } from './golden-file.ts';
import { runGolden, type Starters } from './golden-run.ts';
import { LIVE_FOLDER } from './live-domain.ts';
import { openGolden, ownGoldenFiles, PLAIN_OCLIF, runOwnGolden, whyNotUnderOclif } from './own-files.ts';

const folder = join(projectRoot, 'test/golden');
// The launchers in bin/ run what `npm run build` made; `npm test` builds first.
const starters: Starters = { 'spire-agent': [ours.agent], 'spire-server': [ours.server], spirekit: [ours.spirekit] };
const files = globSync('*/*.txt', { cwd: folder }).sort();

describe('golden files', () => {
  it.concurrent.each(files)('%s is what the program prints', { timeout: 300_000 }, async (name) => {
    const file = parseGolden(readFileSync(join(folder, name), 'utf8'));
    const isLive = name.startsWith(`${LIVE_FOLDER}/`);
    const faults: string[] = [];
    const onStep = (line: string, { stdout }: Finished): void => {
      if (!isLive || !/--output json\b/.test(line) || !stdout.startsWith('{')) return;
      const fault = findSchemaFault(stdout);
      if (fault !== undefined) faults.push(`${line}: ${fault}`);
    };
    expect(await runGolden(file, starters, { isLive, onStep })).toEqual(file.steps);
    expect(faults).toEqual([]);
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

  it('show every command of the umbrella in each of its forms', async () => {
    const steps = ownGoldenFiles().flatMap((name) => openGolden(name).steps);
    const { lacking, needless } = await findLacking(steps);
    expect(
      lacking,
      'add `$ spirekit COMMAND ... --output FORMAT` (or --template) lines to a file in test/golden/live, which runs in a ' +
        'throwaway trust domain, or to test/golden/spirekit, and have `node test/golden/record.ts live/NAME` fill them in',
    ).toEqual([]);
    expect(needless, 'these are shown: take them out of NOT_SHOWN in test/golden/coverage.ts').toEqual([]);
  });
});

// The proof `goldens` does so with every file and step.
describe('under plain oclif', () => {
  it.concurrent.each(['spirekit/entry.txt'])('%s is the same', { timeout: 300_000 }, async (name) => {
    const expected = openGolden(name).steps.filter(({ line }) => whyNotUnderOclif(line) === undefined);
    expect(expected.length).toBeGreaterThan(2);
    const isLeftOut = (line: string): boolean => whyNotUnderOclif(line) !== undefined;
    expect(await runOwnGolden(name, PLAIN_OCLIF, { isLeftOut })).toEqual(expected);
  });
});
