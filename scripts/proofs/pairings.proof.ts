import { findRealSpire, ours } from '../../test/support/programs.ts';
import { missingForParity, replay } from './parity-tool.ts';
import { type Proof, skipped, verdict } from './proof.ts';

export const proof: Proof = {
  shows: 'each half works with the real one: our clients, server and agent with those of a real SPIRE 1.15.3',
  async run() {
    const real = findRealSpire();
    if (real === undefined) return skipped('SPIRE_SERVER_BIN and SPIRE_AGENT_BIN do not name real SPIRE binaries');
    const missing = await missingForParity();
    if (missing !== undefined) return skipped(missing);
    const pairings = [
      { name: 'our clients, real daemons', scenario: '02-entry', clients: ours, daemons: real },
      { name: 'our clients, real daemons', scenario: '03-workload', clients: ours, daemons: real },
      {
        name: 'real agent at our server',
        scenario: '03-workload',
        clients: ours,
        daemons: { server: ours.server, agent: real.agent },
      },
      {
        name: 'our agent at the real server',
        scenario: '03-workload',
        clients: ours,
        daemons: { server: real.server, agent: ours.agent },
      },
      { name: 'real clients, our daemons', scenario: '02-entry', clients: real, daemons: ours },
      { name: 'real clients, our daemons', scenario: '03-workload', clients: real, daemons: ours },
    ];
    // Some of the real programs' JSON has white space that differs from build to build.
    const ownDoing = (await replay({ scenario: '03-workload', clients: real, daemons: real })).failedSteps;
    const figures: string[] = [];
    let holds = true;
    for (const { name, ...what } of pairings) {
      const result = await replay(what);
      console.log(`${name}, ${what.scenario}:\n${result.differences}`);
      const expected = what.clients === real ? ownDoing : [];
      const unexpected = result.failedSteps.filter((step) => !expected.includes(step)).length;
      const steps = result.passed + result.failed;
      figures.push(`${name}: ${what.scenario} ${steps - unexpected} of ${steps}`);
      holds &&= unexpected === 0 && result.failedSteps.length === result.failed;
    }
    return verdict(holds, figures.join('; '));
  },
};
