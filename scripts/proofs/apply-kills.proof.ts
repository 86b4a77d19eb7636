import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { entryClient } from '../../src/lib/client/entry-client.ts';
import { RpcClient } from '../../src/lib/rpc/client.ts';
import { Deployment } from '../../test/support/deployment.ts';
import { type Random, seededRandom } from '../../test/support/mutate.ts';
import { findRealSpire, ours, type Programs, run } from '../../test/support/programs.ts';
import { makeTrial, OWNER, type Trial } from './apply-kills/desired.ts';
import { findProblems, progressOf, readEntries } from './apply-kills/end-state.ts';
import { type Proof, SHORT, verdict } from './proof.ts';
import { seedFrom } from './seed.ts';

const COUNT = 10_000;

/** Our server is done with a few before a kill can come. */
const SHORT_COUNT = { ours: 6000, real: 1000 };

/** In which part of its work a run is killed, one after the other; the moment within it is random. */
const KILLS = ['adding', 'adding', 'changing', 'changing', 'removing'] as const;

/** A real server takes some milliseconds an entry, more the more there are, and machines are slow at times. */
const PATIENCE_MS = 15 * 60_000;

export const proof: Proof = {
  shows: `entry apply of ${COUNT} entries killed with SIGKILL ${KILLS.length} times and run again: exact, nothing doubled, nothing lost`,
  hasShortForm: true,
  async run(args) {
    const isShort = args.includes(SHORT);
    const random = seededRandom(seedFrom(args));
    const real = findRealSpire();
    if (real === undefined)
      console.log('SPIRE_SERVER_BIN and SPIRE_AGENT_BIN do not name real SPIRE binaries: ours alone');
    const figures: string[] = [];
    let holds = true;
    for (const [name, daemons, count] of [
      ['our server', ours, isShort ? SHORT_COUNT.ours : COUNT],
      ...(real === undefined ? [] : [['a real server', real, isShort ? SHORT_COUNT.real : COUNT] as const]),
    ] as const) {
      const outcome = await trialOn(name, daemons, makeTrial(count), random);
      holds &&= outcome.holds;
      figures.push(outcome.figure);
    }
    return verdict(holds, figures.join('; '));
  },
};

/** How often a trial is begun anew when a run was done before all kills had come. */
const MOST_TRIALS = 5;

async function trialOn(name: string, daemons: Programs, trial: Trial, random: Random): Promise<Outcome> {
  for (let round = 1; ; round += 1) {
    const outcome = await tryOn(name, daemons, trial, random);
    if (outcome !== undefined) return outcome;
    if (round === MOST_TRIALS) return { holds: false, figure: `${name}: done before ${KILLS.length} kills had come` };
    console.log(`${name}: done before ${KILLS.length} kills had come, once more`);
  }
}

interface Outcome {
  readonly holds: boolean;
  readonly figure: string;
}

/** Undefined if the work was done before all kills had come. */
async function tryOn(name: string, daemons: Programs, trial: Trial, random: Random): Promise<Outcome | undefined> {
  await using deployment = await Deployment.open({ daemons, logLevel: 'INFO' });
  const loadMs = await load(deployment, trial);
  const { added, changed, removed } = trial.work;
  const before = await readEntries(deployment.serverSocket);
  const wanted = write(deployment, 'wanted.json', trial.wanted);
  const changeMs = (loadMs * changed) / trial.held.length;
  for (const [index, phase] of KILLS.entries()) {
    const run = await start(deployment, wanted);
    const moment = untilPhase(
      deployment.serverSocket,
      phase,
      { before: before.length, added, removed },
      changeMs,
      random,
    );
    await Promise.race([moment.come, run.ended]);
    run.kill();
    moment.stop();
    await Promise.all([run.ended, moment.come]);
    const progress = progressOf(await readEntries(deployment.serverSocket), trial);
    console.log(`${name}: kill ${index + 1}, while ${phase}: ${progress.words}`);
    if (progress.share === 1) return undefined;
  }
  const last = await apply(deployment, wanted);
  const problems = findProblems(await readEntries(deployment.serverSocket), trial, before);
  for (const problem of problems.slice(0, 20)) console.log(`FAILED: ${problem}`);
  const planned = await run(ours.spirekit, ['entry', 'plan', ...filesOf(deployment, wanted)], {
    timeoutMs: PATIENCE_MS,
  });
  return {
    holds: last.code === 0 && problems.length === 0 && planned.code === 0,
    figure:
      `${name}: ${added} added, ${changed} changed, ${removed} removed over ${KILLS.length} kills, ` +
      `${problems.length} of ${trial.wanted.length + trial.foreign.length} entries not as wanted, plan afterwards exits ${planned.code}`,
  };
}

/** The moment to kill a run: random within a part of its work, as the number of entries on the server tells. */
function untilPhase(
  socketPath: string,
  phase: (typeof KILLS)[number],
  { before, added, removed }: { readonly before: number; readonly added: number; readonly removed: number },
  changeMs: number,
  random: Random,
): { readonly come: Promise<void>; stop(): void } {
  const stopped = new AbortController();
  const full = before + added;
  const share = (most: number): number => 1 + random(Math.max(1, most - 1));
  const come = async (): Promise<void> => {
    await using rpc = new RpcClient({ kind: 'unix', path: socketPath });
    const client = entryClient(rpc);
    const first = (await client.countEntries({ filter: undefined }, {})).count;
    const goal = phase === 'adding' ? first + share(full - first) : full - share(removed);
    const isThere = (count: number): boolean =>
      phase === 'removing' ? count <= goal : count >= (phase === 'adding' ? goal : full);
    for (let count = first; !stopped.signal.aborted && !isThere(count); ) {
      await sleep(POLL_MS);
      ({ count } = await client.countEntries({ filter: undefined }, {}));
    }
    // What is changed is not counted: a part of the time that it takes.
    if (phase === 'changing')
      await sleep(random(Math.max(1, Math.round(changeMs))), undefined, { signal: stopped.signal }).catch(
        () => undefined,
      );
  };
  return { come: come(), stop: () => stopped.abort() };
}

const POLL_MS = 1;

/** Gives the server what it has at first; resolves with how long the work took once it was planned. */
async function load(deployment: Deployment, { held, foreign }: Trial): Promise<number> {
  await apply(deployment, write(deployment, 'foreign.json', foreign), []);
  const run = await start(deployment, write(deployment, 'held.json', held));
  const begunMs = performance.now();
  if ((await run.ended) !== 0) throw new Error('the first entries could not be made');
  return performance.now() - begunMs;
}

function write(deployment: Deployment, name: string, entries: Trial['held']): string {
  const path = join(deployment.folder, name);
  writeFileSync(path, JSON.stringify({ entries }));
  return path;
}

const OWNED = ['--owner', OWNER, '--prune'];

function filesOf(deployment: Deployment, path: string, owned: readonly string[] = OWNED): string[] {
  return ['-f', path, ...owned, '--socket-path', deployment.serverSocket];
}

function apply(deployment: Deployment, path: string, owned: readonly string[] = OWNED): ReturnType<typeof run> {
  return run(ours.spirekit, ['entry', 'apply', '--yes', '--output', 'json', ...filesOf(deployment, path, owned)], {
    timeoutMs: PATIENCE_MS,
  });
}

interface Run {
  /** Its exit code; null if it was killed. */
  readonly ended: Promise<number | null>;
  kill(): void;
}

/** Stands below the entries of a plan. */
const PLANNED = 'Entries: +';

/** Starts a run and resolves when it has planned, which it prints, and begins to work. */
async function start(deployment: Deployment, path: string): Promise<Run> {
  const args = ['entry', 'apply', '--yes', ...filesOf(deployment, path)];
  const child = spawn(ours.spirekit, args, { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  let printed = '';
  const began = new Promise<void>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if ((printed + text).includes(PLANNED)) resolve();
      printed = text.slice(-PLANNED.length);
    });
  });
  await Promise.race([began, ended]);
  return {
    ended,
    kill: () => {
      if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    },
  };
}
