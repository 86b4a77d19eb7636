import { findRealSpire, ours, type Programs } from '../../test/support/programs.ts';
import { missingForParity, replay, SCENARIO_NAMES, SCENARIOS, type ScenarioName } from './parity-tool.ts';
import { type Proof, skipped, verdict } from './proof.ts';

/** Which programs play which part. */
interface Pairing {
  readonly name: string;
  readonly clients: Programs;
  readonly daemons: Programs;
  readonly scenarios: readonly ScenarioName[];
}

/** Scenarios with an agent, for pairs of daemons of which one is real. */
const WITH_AGENT: readonly ScenarioName[] = ['03-workload', '04-agents-tokens', '08-attestation'];

export const proof: Proof = {
  shows: 'each half works with the real one: our clients, server and agent with those of a real SPIRE 1.15.3',
  async run(args) {
    const real = findRealSpire();
    if (real === undefined) return skipped('SPIRE_SERVER_BIN and SPIRE_AGENT_BIN do not name real SPIRE binaries');
    const missing = await missingForParity();
    if (missing !== undefined) return skipped(missing);
    // Names of scenarios narrow it down.
    const named = SCENARIO_NAMES.filter((name) => args.includes(name));
    const isWanted = (name: ScenarioName): boolean => named.length === 0 || named.includes(name);
    const all = SCENARIO_NAMES.filter(isWanted);
    const pairings: Pairing[] = [
      { name: 'our clients, real daemons', clients: ours, daemons: real, scenarios: all },
      { name: 'real clients, our daemons', clients: real, daemons: ours, scenarios: all },
      {
        name: 'real agent at our server',
        clients: ours,
        daemons: { server: ours.server, agent: real.agent },
        scenarios: WITH_AGENT.filter(isWanted),
      },
      {
        name: 'our agent at the real server',
        clients: ours,
        daemons: { server: real.server, agent: ours.agent },
        scenarios: WITH_AGENT.filter(isWanted),
      },
    ];
    const ownDoing = await stepsOfRealAlone(real, all);
    const figures: string[] = [];
    let holds = true;
    for (const { name, scenarios, ...programs } of pairings) {
      let [asReal, steps] = [0, 0];
      for (const scenario of scenarios) {
        const result = await replay({ scenario, ...programs });
        console.log(`${name}, ${scenario}:\n${result.differences}`);
        const unexpected = result.failedSteps.filter((step) => !ownDoing.has(step)).length;
        asReal += SCENARIOS[scenario] - unexpected;
        steps += SCENARIOS[scenario];
        holds &&= result.failedSteps.length === result.failed;
      }
      figures.push(`${name} ${asReal} of ${steps}`);
      holds &&= asReal === steps;
    }
    return verdict(holds, figures.join('; '));
  },
};

/**
 * Steps in which the real programs do not do as recorded, in this environment: some of their JSON has white space that
 * differs from build to build.
 */
async function stepsOfRealAlone(real: Programs, scenarios: readonly ScenarioName[]): Promise<ReadonlySet<string>> {
  const steps: string[] = [];
  for (const scenario of scenarios) {
    const result = await replay({ scenario, clients: real, daemons: real });
    console.log(`real clients, real daemons, ${scenario}:\n${result.differences}`);
    steps.push(...result.failedSteps);
  }
  return new Set(steps);
}
