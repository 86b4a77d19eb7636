import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { RpcClient } from '../../src/lib/rpc/client.ts';
import { BundleDefinition } from '../../src/lib/wire/gen/spire/api/server/bundle/v1/bundle.ts';
import { Deployment } from '../../test/support/deployment.ts';
import type { Target } from '../../test/support/hostile/attacker.ts';
import { type Attack, CONNECTION_ATTACKS, FRAME_ATTACKS } from '../../test/support/hostile/attacks.ts';
import { forgetPeak, type ProcessSize, peakRssMiB, sizeOf } from '../../test/support/process-size.ts';
import { NOBODY, whyNoOtherUsers } from '../../test/support/programs.ts';
import { identities, untilIdentity } from '../../test/support/workload-caller.ts';
import { HonestCaller } from './hostile/honest-caller.ts';
import { type Proof, SHORT, skipped, verdict } from './proof.ts';

const runAttack = fileURLToPath(new URL('../../test/support/hostile/run-attack.ts', import.meta.url));

const AMOUNT = 10;
const SHORT_AMOUNT = 1;

/** Attackers and honest callers of a port come from two addresses, as they would over a network. */
const ATTACKER_ADDRESS = '127.0.0.66';

/** What a daemon may keep of an attack when it is over, and what it may take meanwhile. */
const MOST_KEPT_MIB = 256;
const MOST_TAKEN_MIB = 512;
/** Half the calls of an honest caller, and the slowest of them, which waits behind thousands of connects. */
const MIDDLE_MS = 250;
const SLOWEST_MS = 5_000;

/** A daemon under attack, by one of its doors. */
interface Victim {
  readonly name: string;
  readonly pid: number;
  readonly target: Target;
  readonly honest: HonestCaller;
}

export const proof: Proof = {
  shows:
    'each hostile caller in turn, at server and agent: alive, others served meanwhile, memory and descriptors as before',
  hasShortForm: true,
  async run(args) {
    const obstacle = await whyNoOtherUsers();
    if (obstacle !== undefined) return skipped(obstacle);
    const amount = args.includes(SHORT) ? SHORT_AMOUNT : AMOUNT;
    const words = args.filter((word) => word !== SHORT);
    const attacks = [...FRAME_ATTACKS, ...CONNECTION_ATTACKS].filter(({ name }) =>
      words.every((word) => name.includes(word)),
    );
    await using deployment = await Deployment.open({ logLevel: 'INFO' });
    await deployment.startAgent();
    await deployment.createEntry('/honest', ['unix:uid:0']);
    await untilIdentity(deployment.agentSocket, `spiffe://${deployment.trustDomain}/honest`);
    const victims = victimsOf(deployment);
    const outcome = new Outcome();
    for (const victim of victims) {
      const usualMs = await victim.honest.warmUp(50);
      console.log(`${victim.name}: an honest call takes ${usualMs.toFixed(1)} ms, ${describe(sizeOf(victim.pid))}`);
      for (const attack of attacks) {
        console.log(`  ${await attackOnce(victim, attack, amount, outcome)}`);
      }
    }
    return outcome.verdict(victims);
  },
};

function victimsOf(deployment: Deployment): readonly Victim[] {
  const { agentPid, serverPid, agentSocket, port } = deployment;
  if (agentPid === undefined || serverPid === undefined) throw new Error('the daemons do not run');
  return [
    {
      name: 'agent, public socket',
      pid: agentPid,
      target: { kind: 'unix', path: agentSocket },
      honest: new HonestCaller(async () => {
        await using client = new RpcClient({ kind: 'unix', path: agentSocket });
        if ((await identities(client)).length !== 1) throw new Error('no identity');
      }),
    },
    {
      name: 'server, TLS port',
      pid: serverPid,
      target: { kind: 'tls', port, from: ATTACKER_ADDRESS },
      honest: new HonestCaller(async () => {
        const tls = { verifyServer: () => {} };
        await using client = new RpcClient({ kind: 'tcp', host: '127.0.0.1', port, tls });
        await client.unary(BundleDefinition, 'getBundle', { outputMask: undefined }, { timeoutMs: 20_000 });
      }),
    },
  ];
}

/** Counts what was shown. */
class Outcome {
  attacks = 0;
  survived = 0;
  calls = 0;
  refused = 0;
  middleMs = 0;
  slowestMs = 0;
  mostTakenMiB = 0;
  mostKeptMiB = 0;
  readonly first = new Map<Victim, ProcessSize>();

  verdict(victims: readonly Victim[]) {
    const sizes = victims.map((victim) => {
      const before = this.first.get(victim);
      const after = sizeOf(victim.pid);
      return `${victim.name.split(',')[0]} ${before?.descriptors} and ${after.descriptors}`;
    });
    return verdict(
      this.survived === this.attacks,
      `${this.attacks} attacks, ${this.survived} survived; ${this.calls} honest calls meanwhile, ${this.refused} refused, ` +
        `middle at most ${Math.round(this.middleMs)} ms, slowest ${Math.round(this.slowestMs)} ms; resident memory at most ${Math.round(this.mostTakenMiB)} MiB more during ` +
        `an attack and ${Math.round(this.mostKeptMiB)} MiB more after it; descriptors before and after: ${sizes.join(', ')}`,
    );
  }
}

async function attackOnce(victim: Victim, attack: Attack, amount: number, outcome: Outcome): Promise<string> {
  const { pid, honest, target } = victim;
  const before = sizeOf(pid);
  if (!outcome.first.has(victim)) outcome.first.set(victim, before);
  const base = outcome.first.get(victim) ?? before;
  forgetPeak(pid);
  const refusedBefore = honest.failures.length;
  honest.start();
  const attacker = spawn(process.execPath, [runAttack, attack.name, String(amount), JSON.stringify(target)], {
    ...(target.kind === 'unix' && { uid: NOBODY, gid: NOBODY }),
    cwd: '/',
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const open = await untilDone(attacker);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const during = await honest.stop();
  attacker.stdin?.end();
  if (attacker.exitCode === null) await once(attacker, 'exit');
  const after = await untilSettled(pid, base);
  const afterMs = await honest.warmUp(10);
  const taken = peakRssMiB(pid) - before.rssMiB;
  const kept = after.rssMiB - base.rssMiB;
  const refused = honest.failures.length - refusedBefore;
  const isSurvived =
    refused === 0 &&
    during.calls > 0 &&
    during.middleMs < MIDDLE_MS &&
    during.slowestMs < SLOWEST_MS &&
    taken < MOST_TAKEN_MIB &&
    kept < MOST_KEPT_MIB &&
    after.descriptors <= base.descriptors;
  outcome.attacks += 1;
  outcome.survived += isSurvived ? 1 : 0;
  outcome.calls += during.calls;
  outcome.refused += refused;
  outcome.middleMs = Math.max(outcome.middleMs, during.middleMs);
  outcome.slowestMs = Math.max(outcome.slowestMs, during.slowestMs);
  outcome.mostTakenMiB = Math.max(outcome.mostTakenMiB, taken);
  outcome.mostKeptMiB = Math.max(outcome.mostKeptMiB, kept);
  return (
    `${isSurvived ? 'survived' : 'NOT SURVIVED'}: ${attack.name}: ${open} left open; ${during.calls} honest calls, ${refused} refused` +
    `${refused > 0 ? ` (${honest.failures.at(-1)})` : ''}, middle ${Math.round(during.middleMs)} ms, ` +
    `slowest ${Math.round(during.slowestMs)} ms, afterwards ` +
    `${afterMs.toFixed(1)} ms; peak +${Math.round(taken)} MiB; ${describe(after)}`
  );
}

/** Resolves to the number of connections that the attacker still has. */
async function untilDone(attacker: ChildProcess): Promise<string> {
  if (attacker.stdout === null) return '0';
  for await (const line of createInterface(attacker.stdout)) if (line.startsWith('done')) return line.slice(5);
  return '0';
}

/** Waits until the descriptors are what they were, and no longer than half a minute. */
async function untilSettled(pid: number, base: ProcessSize): Promise<ProcessSize> {
  const deadline = performance.now() + 30_000;
  while (sizeOf(pid).descriptors > base.descriptors && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return sizeOf(pid);
}

function describe({ rssMiB, descriptors }: ProcessSize): string {
  return `${Math.round(rssMiB)} MiB, ${descriptors} descriptors`;
}
