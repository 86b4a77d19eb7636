import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findOnPath, findRealSpire } from '../../test/support/programs.ts';
import { Checks } from './external-plugins/checks.ts';
import { killKeyManager, leaveNobodyBehind, panicAndReturn, refuseWrongChecksum } from './external-plugins/crashes.ts';
import { runBelowRealSpire } from './external-plugins/real-spire.ts';
import { buildGoPlugins, Stage } from './external-plugins/stage.ts';
import { readSettingsAgain, workTogether } from './external-plugins/work.ts';
import { type Proof, SHORT, skipped, verdict } from './proof.ts';

export const proof: Proof = {
  shows:
    "plugins in Go (SPIRE's SDK) and TypeScript do the server's work; a crash is reported and mended; the same TypeScript runs under SPIRE",
  hasShortForm: true,
  async run(args) {
    if (findOnPath('go') === undefined) return skipped('go is not on the PATH');
    const work = mkdtempSync(join(tmpdir(), 'spirekit-external-'));
    try {
      const goPlugins = await buildGoPlugins(work);
      const checks = new Checks();
      await using stage = await Stage.open(goPlugins, work);
      await workTogether(stage, checks);
      await readSettingsAgain(stage, checks);
      await panicAndReturn(stage, checks, args.includes(SHORT) ? 1 : 4);
      await killKeyManager(stage, checks);
      await refuseWrongChecksum(stage, checks);
      await leaveNobodyBehind(stage, checks);
      const real = findRealSpire();
      if (real !== undefined) await runBelowRealSpire(real, checks);
      const words = real === undefined ? "; SPIRE's own daemons were not named" : '';
      return verdict(checks.allHold, `${checks.figure}${words}`);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  },
};
