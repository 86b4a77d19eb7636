import { Deployment } from '../../test/support/deployment.ts';
import { whyNoOtherUsers } from '../../test/support/programs.ts';
import { callAs } from '../../test/support/workload-caller.ts';
import { type Proof, skipped, verdict } from './proof.ts';

const CALLS = 2_000;

export const proof: Proof = {
  shows: `two users at once, ${CALLS} calls each: no answer for the other one`,
  async run() {
    const obstacle = await whyNoOtherUsers();
    if (obstacle !== undefined) return skipped(obstacle);
    await using deployment = await Deployment.open();
    await deployment.startAgent();
    await deployment.createEntry('/one', ['unix:uid:2001']);
    await deployment.createEntry('/two', ['unix:uid:2002']);
    const answers = await Promise.all([
      callAs({ uid: 2001, calls: CALLS, socketPath: deployment.agentSocket }),
      callAs({ uid: 2002, calls: CALLS, socketPath: deployment.agentSocket }),
    ]);
    const wanted = [`spiffe://${deployment.trustDomain}/one`, `spiffe://${deployment.trustDomain}/two`];
    const wrong = answers.flatMap((ids, caller) => ids.filter((id) => id !== wanted[caller])).length;
    const total = answers.reduce((sum, ids) => sum + ids.length, 0);
    return verdict(wrong === 0 && total === 2 * CALLS, `${total} answers, ${wrong} for the other caller`);
  },
};
