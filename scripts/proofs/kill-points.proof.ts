import { exhaust, type KillTally } from './kill-points/exhaust.ts';
import type { KillScenario } from './kill-points/kill-scenario.ts';
import { AgentFirstStartScenario } from './kill-points/scenarios/agent-first-start.ts';
import { AgentRotationScenario } from './kill-points/scenarios/agent-rotation.ts';
import { activateAct, prepareAct, revokeAct, taintAct } from './kill-points/scenarios/authority-acts.ts';
import { FetchWriteScenario } from './kill-points/scenarios/fetch-write.ts';
import { LayoutWriteScenario } from './kill-points/scenarios/layout-write.ts';
import { entryCreate, joinTokenUse, tokenGenerate } from './kill-points/scenarios/registration-acts.ts';
import { ServerFirstStartScenario } from './kill-points/scenarios/server-first-start.ts';
import { ServerScenario } from './kill-points/scenarios/server-scenario.ts';
import { type Proof, SHORT, skipped, verdict } from './proof.ts';
import { whyNoTracing } from './why-no-tracing.ts';

/** The short form kills at each so many-th call. */
const SHORT_STEP = 16;

const SCENARIOS: Readonly<Record<string, () => Promise<KillScenario>>> = {
  'fetch-first': () => FetchWriteScenario.open({ isFirst: true }),
  'fetch-later': () => FetchWriteScenario.open({ isFirst: false }),
  'layout-first': () => LayoutWriteScenario.open('none'),
  'layout-later': () => LayoutWriteScenario.open('ours'),
  'layout-adopt': () => LayoutWriteScenario.open('plain'),
  'server-start': () => ServerFirstStartScenario.open(),
  'x509-prepare': () => ServerScenario.open(prepareAct('x509')),
  'x509-prepare-again': () => ServerScenario.open(prepareAct('x509', { isRepeated: true })),
  'x509-activate': () => ServerScenario.open(activateAct('x509')),
  'x509-taint': () => ServerScenario.open(taintAct('x509')),
  'x509-revoke': () => ServerScenario.open(revokeAct('x509')),
  'jwt-prepare': () => ServerScenario.open(prepareAct('jwt')),
  'jwt-prepare-again': () => ServerScenario.open(prepareAct('jwt', { isRepeated: true })),
  'jwt-activate': () => ServerScenario.open(activateAct('jwt')),
  'jwt-taint': () => ServerScenario.open(taintAct('jwt')),
  'jwt-revoke': () => ServerScenario.open(revokeAct('jwt')),
  'join-token-use': () => ServerScenario.open(joinTokenUse),
  'token-generate': () => ServerScenario.open(tokenGenerate),
  'entry-create': () => ServerScenario.open(entryCreate),
  'agent-start': () => AgentFirstStartScenario.open(),
  'agent-start-insecure': () => AgentFirstStartScenario.open({ isInsecure: true }),
  'agent-rotation': () => AgentRotationScenario.open(),
};

/** The others differ little from one of these. */
const SHORT_SCENARIOS = [
  'fetch-later',
  'layout-adopt',
  'server-start',
  'x509-prepare',
  'join-token-use',
  'agent-start',
  'agent-rotation',
];

export const proof: Proof = {
  shows:
    'killed at every system call that changes files or answers somebody, all is old or new and starts again ([SCENARIO...])',
  hasShortForm: true,
  async run(args) {
    const obstacle = await whyNoTracing();
    if (obstacle !== undefined) return skipped(obstacle);
    const isShort = args.includes(SHORT);
    const named = args.filter((arg) => arg !== SHORT);
    const unknown = named.find((name) => !Object.hasOwn(SCENARIOS, name));
    if (unknown !== undefined) return verdict(false, `no scenario is called ${unknown}`);
    const chosen = named.length > 0 ? named : isShort ? SHORT_SCENARIOS : Object.keys(SCENARIOS);
    const tallies: KillTally[] = [];
    for (const [name, open] of Object.entries(SCENARIOS)) {
      if (!chosen.includes(name)) continue;
      await using scenario = await open();
      for (const thread of scenario.threads) {
        const tally = await exhaust(scenario, thread, isShort ? SHORT_STEP : 1);
        console.log(`${name}: ${scenario.name}, thread ${thread}: ${describe(tally)}`);
        for (const violation of tally.violations) console.log(`FAILED: ${violation}`);
        for (const call of tally.notReached) console.log(`not reached: ${call}`);
        tallies.push(tally);
      }
    }
    const sum = (count: (tally: KillTally) => number): number =>
      tallies.reduce((total, tally) => total + count(tally), 0);
    const broken = sum(({ violations }) => violations.length);
    const missed = sum(({ notReached }) => notReached.length);
    const figure = `${tallies.length} traces, ${sum(({ calls }) => calls)} calls, killed at ${sum(({ reached }) => reached)} of them in ${sum(({ kills }) => kills)} runs: ${broken} broken, ${missed} not reached`;
    return verdict(tallies.length > 0 && broken === 0 && missed === 0, figure);
  },
};

function describe({ calls, reached, kills, outcomes }: KillTally): string {
  const counts = [...outcomes].sort().map(([outcome, count]) => `${count} ${outcome}`);
  return `${calls} calls, killed at ${reached} in ${kills} runs; found ${counts.join(', ')}`;
}
