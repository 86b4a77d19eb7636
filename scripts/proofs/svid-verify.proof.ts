import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findOnPath, ours, projectRoot, run } from '../../test/support/programs.ts';
import { parseManifest } from '../vectors/manifest.ts';
import { type Proof, skipped, verdict } from './proof.ts';
import { citedRules, commandFor, openVectorKit, runVectorCommand } from './svid-verify/vector-command.ts';

/** Every so many-th case is also run as a process of its own. */
const PROCESS_STRIDE = 20;

export const proof: Proof = {
  shows:
    '`svid verify` and `bundle inspect` give the verdict of the vectors in every case, and cite a rule for each refusal',
  async run([given]) {
    if (findOnPath('python3') === undefined) return skipped('python3 is not on the PATH');
    const manifest = given ?? join(projectRoot, 'test/vectors/manifest.json');
    const cases = parseManifest(readFileSync(manifest, 'utf8'));
    const folder = mkdtempSync(join(tmpdir(), 'spirekit-svid-verify-'));
    try {
      const kit = await openVectorKit(dirname(manifest), folder, Date.now());
      const verdicts: Record<string, string> = {};
      const withoutRule: string[] = [];
      const otherwise: string[] = [];
      const rules = new Set<string>();
      const count = { refusals: 0, processes: 0 };
      for (const [index, vector] of cases.entries()) {
        const command = await commandFor(vector, kit);
        if (command === undefined) continue;
        const { code, text } = await runVectorCommand(command);
        const isGood = command.goodExits.includes(code);
        verdicts[vector.id] = isGood ? 'valid' : 'invalid';
        if (!isGood) {
          count.refusals += 1;
          const cited = citedRules(text);
          if (cited.length === 0) withoutRule.push(`${vector.id} (exit ${code}): ${text.slice(0, 300)}`);
          for (const rule of cited) rules.add(rule);
        }
        if (index % PROCESS_STRIDE !== 0 || command.isStopped === true) continue;
        count.processes += 1;
        const process = await run(ours.spirekit, [...command.words.split(' '), ...command.argv, '--output', 'json'], {
          ...(command.stdin === undefined ? {} : { stdin: command.stdin }),
        });
        if (process.code !== code)
          otherwise.push(`${vector.id}: exit ${process.code} in a process of its own, ${code} here`);
      }
      const results = join(folder, 'results.json');
      writeFileSync(results, JSON.stringify(verdicts));
      const score = await run('python3', [join(projectRoot, 'test/vectors/score.py'), manifest, results]);
      for (const line of [...withoutRule.map((each) => `no rule: ${each}`), ...otherwise]) console.log(line);
      console.log(score.stdout);
      const figure =
        `${Object.keys(verdicts).length} vectors through the commands, ${count.processes} of them as processes too: ` +
        `${score.stdout.trim().split('\n').at(-1)}; ${count.refusals - withoutRule.length} of ${count.refusals} refusals with a rule (${rules.size} different ones)`;
      return verdict(score.code === 0 && withoutRule.length === 0 && otherwise.length === 0, figure);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
