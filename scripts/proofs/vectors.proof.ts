import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findOnPath, projectRoot, run } from '../../test/support/programs.ts';
import { type Proof, skipped, verdict } from './proof.ts';

export const proof: Proof = {
  shows: 'valid and hostile ids, SVIDs, tokens and bundles are told apart as the standards and go-spiffe do',
  async run([given]) {
    if (findOnPath('python3') === undefined) return skipped('python3 is not on the PATH');
    const work = mkdtempSync(join(tmpdir(), 'spirekit-vectors-'));
    try {
      const manifest = given ?? join(projectRoot, 'test/vectors/manifest.json');
      const out = join(work, 'out.json');
      const made = await run('node', [join(projectRoot, 'scripts/vectors.ts'), manifest, out]);
      if (made.code !== 0) return verdict(false, made.stderr.trim());
      const score = await run('python3', [join(projectRoot, 'test/vectors/score.py'), manifest, out]);
      console.log(score.stdout);
      return verdict(score.code === 0, score.stdout.trim().split('\n').at(-1) ?? 'no score');
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  },
};
