import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  citedRules,
  commandFor,
  openVectorKit,
  runVectorCommand,
} from '../../../scripts/proofs/svid-verify/vector-command.ts';
import { parseManifest } from '../../../scripts/vectors/manifest.ts';
import { runVector } from '../../../scripts/vectors/run.ts';
import { projectRoot } from '../../support/programs.ts';

const vectors = join(projectRoot, 'test/vectors');
const cases = parseManifest(readFileSync(join(vectors, 'manifest.json'), 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'spirekit-vectors-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the commands on vectors', () => {
  it('say what the library says of each, and cite a rule for each refusal', async () => {
    const kit = await openVectorKit(vectors, folder, Date.now());
    const wrong: string[] = [];
    let count = 0;
    for (const vector of cases) {
      const command = await commandFor(vector, kit);
      if (command === undefined) continue;
      count += 1;
      const { code, text } = await runVectorCommand(command);
      const isGood = command.goodExits.includes(code);
      const verdict = await runVector(vector, vectors, { nowMs: Date.now() });
      if ((verdict?.kind === 'valid') !== isGood) wrong.push(`${vector.id}: exit ${code}`);
      if (!isGood && citedRules(text).length === 0) wrong.push(`${vector.id}: no rule in ${text.slice(0, 200)}`);
    }
    expect(wrong).toEqual([]);
    expect(count).toBe(cases.length);
  });
});
