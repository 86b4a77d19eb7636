import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Random, seededRandom } from '../../test/support/mutate.ts';
import { lookAtAgentStates } from './power-loss/agent-states.ts';
import { DiskModel, type Survivors } from './power-loss/disk-model.ts';
import { problemsOn } from './power-loss/server-on-files.ts';
import { readSystemCalls } from './power-loss/system-calls.ts';
import { type Acknowledged, findAcknowledgements } from './power-loss/timeline.ts';
import { runTraced, type TracedRun } from './power-loss/traced-load.ts';
import { type Proof, SHORT, skipped, verdict } from './proof.ts';
import { seedFrom } from './seed.ts';
import { whyNoTracing } from './why-no-tracing.ts';

/** Answers for each caller, moments at which the power goes, and renewals of an agent's SVID. */
const LONG = { changes: 400, losses: 300, renewals: 30 };
const BRIEF = { changes: 70, losses: 24, renewals: 3 };

/**
 * States in which nothing written to the datastore's log is believed to be synced, to see that a loss is seen: in so many
 * of those looked at, since right after the log has gone into the database there is nothing to lose.
 */
const CONTROLS_SEEN = 3;
const CONTROLS = 8;

export const proof: Proof = {
  shows:
    'power lost as the server begins to answer, or whatever an agent does: nothing acknowledged is lost, by the fsync calls',
  hasShortForm: true,
  async run(args) {
    const obstacle = await whyNoTracing();
    if (obstacle !== undefined) return skipped(obstacle);
    const { changes, losses, renewals } = args.includes(SHORT) ? BRIEF : LONG;
    const seed = seedFrom(args);
    const random = seededRandom(seed);
    const work = mkdtempSync(join(tmpdir(), 'spirekit-power-'));
    try {
      const run = await runTraced(work, changes, random);
      const acknowledged = await findAcknowledgements(run);
      console.log(`${acknowledged.length} acknowledgements found in the trace`);
      const { problems, syncs } = await replay(run, acknowledged, chosen(acknowledged, losses, random), work, random);
      for (const problem of problems) console.log(`FAILED: ${problem}`);
      const control = await replay(run, acknowledged, acknowledged.slice(-CONTROLS), work);
      const agent = await lookAtAgentStates(work, renewals, random);
      for (const problem of agent.problems) console.log(`FAILED: ${problem}`);
      const holds = problems.length + agent.problems.length === 0 && control.statesWithProblems >= CONTROLS_SEEN;
      return verdict(
        holds,
        `seed ${seed}: ${acknowledged.length} changes acknowledged, ${syncs} syncs; ${losses} power losses, in half of them with ` +
          `some of what was not synced: ${problems.length} contradictions; if the log were not synced: ` +
          `${control.statesWithProblems} of ${CONTROLS} seen; an agent over ${renewals} renewals: ` +
          `${agent.states} states, in ${agent.problems.length} of them without its SVID and key`,
      );
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  },
};

/** So many of the acknowledgements, in order. */
function chosen(all: readonly Acknowledged[], count: number, random: Random): Acknowledged[] {
  const rest = [...all];
  const taken = Array.from({ length: Math.min(count, all.length) }, () => rest.splice(random(rest.length), 1));
  return taken.flat().sort((a, b) => a.moment - b.moment);
}

/**
 * Does again what the server did to its data folder, and takes the power away at the moments: once with nothing that was
 * not synced, once with some of it. Without `random` it is the control.
 */
async function replay(
  { tracePath, dataDir, config, callers }: TracedRun,
  acknowledged: readonly Acknowledged[],
  losses: readonly Acknowledged[],
  work: string,
  random?: Random,
): Promise<{ problems: string[]; statesWithProblems: number; syncs: number }> {
  const disk = new DiskModel(dataDir, { isSynced: (name) => random !== undefined || !name.endsWith('-wal') });
  const problems: string[] = [];
  let statesWithProblems = 0;
  let done = 0;
  let moment = 0;
  for await (const call of readSystemCalls(tracePath)) {
    moment += 1;
    disk.take(call);
    for (let loss = losses[done]; loss?.moment === moment; loss = losses[++done]) {
      const survivors: Survivors = random === undefined || done % 2 === 0 ? 'nothing' : random;
      const files = disk.afterPowerLoss(survivors);
      const ledgers = callers.flatMap((caller) => {
        const count = acknowledged.findLast((each) => each.caller === caller && each.moment <= moment)?.count ?? 0;
        return caller.snapshots[count] ?? [];
      });
      const found =
        files === undefined
          ? ['the data folder is gone']
          : await problemsOn(
              { config, dataDir, files },
              ledgers.map((ledger) => ledger.snapshot()),
              join(work, 'after'),
            );
      if (found.length > 0) statesWithProblems += 1;
      problems.push(...found.map((problem) => `${problem} (moment ${moment})`));
      if (random !== undefined && (done + 1) % 50 === 0) console.log(`${done + 1} power losses`);
    }
  }
  return { problems, statesWithProblems, syncs: disk.syncs };
}
