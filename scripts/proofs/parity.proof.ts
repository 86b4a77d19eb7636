import { ours } from '../../test/support/programs.ts';
import { missingForParity, replay } from './parity-tool.ts';
import { type Proof, skipped, verdict } from './proof.ts';

/** Steps of 07-config whose exit code must be as recorded. */
const CONFIG_STEPS_NEEDED = 200;

export const proof: Proof = {
  shows: 'our clients on our daemons do as SPIRE 1.15.3 did in the recorded scenarios 01, 02, 03, 06 and 07',
  async run() {
    const missing = await missingForParity();
    if (missing !== undefined) return skipped(missing);
    const figures: string[] = [];
    let holds = true;
    for (const scenario of ['01-usage', '02-entry', '03-workload', '06-authorities-federation']) {
      const result = await replay({ scenario, clients: ours, daemons: ours });
      console.log(result.differences);
      figures.push(`${scenario} ${result.passed} of ${result.passed + result.failed}`);
      holds &&= result.failed === 0;
    }
    const config = await replay({ scenario: '07-config', clients: ours, daemons: ours });
    console.log(config.differences);
    const steps = config.passed + config.failed;
    figures.push(`07-config ${config.passed} of ${steps}, exit code ${config.sameExitCode} of ${steps}`);
    holds &&= config.sameExitCode >= CONFIG_STEPS_NEEDED;
    return verdict(holds, figures.join('; '));
  },
};
