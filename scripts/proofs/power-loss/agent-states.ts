import { join } from 'node:path';
import { parseAgentData } from '../../../src/lib/agent/storage/agent-data.ts';
import { isSamePublicKey } from '../../../src/lib/crypto/key.ts';
import { parseKeysFile } from '../../../src/lib/keymanager/keys-file.ts';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';
import { Deployment } from '../../../test/support/deployment.ts';
import type { Random } from '../../../test/support/mutate.ts';
import { ours } from '../../../test/support/programs.ts';
import { DiskModel, type Survivors } from './disk-model.ts';
import { readSystemCalls } from './system-calls.ts';
import { isComplete, type TracedProgram, traced } from './traced-program.ts';

/** With what the server puts in front for clocks that differ, an agent renews after a second or two. */
const SETTINGS = 'agent_ttl = "14s"';

/** What a power loss at any moment would leave of an agent. */
export interface AgentStates {
  /** Different states of the data folder. */
  readonly states: number;
  readonly problems: readonly string[];
}

/** Runs an agent until it has renewed its SVID so many times, and looks at each state that a power loss could leave. */
export async function lookAtAgentStates(work: string, renewals: number, random: Random): Promise<AgentStates> {
  const agent = traced(ours.agent, work, 'agent');
  const dataDir = await renew(agent, renewals);
  const disk = new DiskModel(dataDir);
  const problems = new Set<string>();
  const known = new Map<string, string | undefined>();
  let hasAttested = false;
  for await (const call of readSystemCalls(agent.tracePath)) {
    disk.take(call);
    if (disk.syncs === 0) continue;
    for (const survivors of ['nothing', random, random] satisfies Survivors[]) {
      const files = disk.afterPowerLoss(survivors);
      const state = JSON.stringify(
        [...(files ?? [])].sort().map(([name, content]) => [name, content.toString('latin1')]),
      );
      if (!known.has(state)) known.set(state, whatIsWrong(files));
      const wrong = known.get(state);
      if (wrong === undefined) hasAttested ||= survivors === 'nothing';
      else if (hasAttested) problems.add(wrong);
    }
  }
  if (!hasAttested) problems.add('the agent never kept an SVID');
  return { states: known.size, problems: [...problems] };
}

/** Why an agent could not go on with these files; undefined if it can. */
function whatIsWrong(files: ReadonlyMap<string, Buffer> | undefined): string | undefined {
  try {
    const [leaf] = parseAgentData(String(files?.get('agent-data.json') ?? '{}')).svid;
    if (leaf === undefined) return 'the agent has no SVID';
    const keys = [...parseKeysFile(String(files?.get('keys.json') ?? '{"keys":{}}')).values()];
    return keys.some((key) => isSamePublicKey(leaf.publicKey, key)) ? undefined : 'the agent has no key to its SVID';
  } catch (error) {
    return SpirekitError.from(error).message;
  }
}

/** Returns the agent's data folder. */
async function renew(agent: TracedProgram, renewals: number): Promise<string> {
  const daemons = { server: ours.server, agent: agent.path };
  await using deployment = await Deployment.open({ daemons, logLevel: 'INFO', serverSettings: SETTINGS });
  await deployment.startAgent();
  const done = (): number => deployment.log('agent').split('Successfully rotated agent SVID').length - 1;
  while (done() < renewals) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    if (deployment.log('agent').includes('Agent crashed')) throw new Error(deployment.log('agent').slice(-2000));
  }
  await deployment.stopAgent();
  await isComplete(agent);
  return join(deployment.folder, 'agent-data');
}
