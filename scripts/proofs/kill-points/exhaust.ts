import { type KillPosition, type KillTarget, readRun, type TracedRun } from './kill-position.ts';
import type { HeldProgram, KillScenario } from './kill-scenario.ts';
import type { TracedCall } from './traced-call.ts';
import { type ThreadRole, Tracer } from './tracer.ts';

/** What came of killing a program at every call of one thread. */
export interface KillTally {
  /** Calls that change files or answer somebody. */
  readonly calls: number;
  /** Those of them at which the program was killed. */
  readonly reached: number;
  /** Those at which it should have been, and was not. */
  readonly notReached: readonly string[];
  /** Runs that were killed. A kill may land before or behind its call; then the run is looked at and repeated. */
  readonly kills: number;
  /** In how many runs the state was found how. */
  readonly outcomes: ReadonlyMap<string, number>;
  readonly violations: readonly string[];
}

/** Other calls of a thread vary a little from run to run, so a kill may miss its call by some. */
const MOST_ATTEMPTS = 12;

/**
 * Kills the program of a scenario at the entry of every call of a thread that changes files or answers somebody, one run
 * each, and looks at what is left. The calls are those of a first run; when all have been killed at, it is killed at the
 * changes too that a last run, which is not killed, makes beyond those.
 *
 * @param everyNth kills only at each so many-th call
 */
export async function exhaust(scenario: KillScenario, thread: ThreadRole, everyNth: number): Promise<KillTally> {
  const tally = new Tally(scenario, thread);
  const { targets } = await tally.run();
  const chosen = targets.filter((_, index) => index % everyNth === 0);
  const missed: KillTarget[] = [];
  let reached = 0;
  for (const target of chosen) {
    if (await tally.killAt(target)) reached += 1;
    else missed.push(target);
  }
  const last = await tally.run();
  const isInLast = ({ position }: KillTarget): boolean =>
    last.targets.some((other) => isSame(other.position, position));
  // How often somebody is answered, with windows and pings, varies too: an answer that was not given again is none.
  const notReached = missed.filter((target) => target.isChange || isInLast(target));
  const more = last.targets.filter(({ isChange }) => isChange).slice(targets.filter(({ isChange }) => isChange).length);
  const gone = missed.length - notReached.length;
  for (const target of more) {
    if (await tally.killAt(target)) reached += 1;
    else notReached.push(target);
  }
  return {
    calls: targets.length + more.length - gone,
    reached,
    notReached: notReached.map(({ call }) => shown(call)),
    kills: tally.kills,
    outcomes: tally.outcomes,
    violations: tally.violations,
  };
}

/** Runs a scenario again and again, and keeps count. */
class Tally {
  readonly outcomes = new Map<string, number>();
  readonly violations: string[] = [];
  kills = 0;
  readonly #scenario: KillScenario;
  readonly #thread: ThreadRole;

  constructor(scenario: KillScenario, thread: ThreadRole) {
    this.#scenario = scenario;
    this.#thread = thread;
  }

  /** Whether one of some runs was killed where the target says. */
  async killAt({ call, when, position }: KillTarget): Promise<boolean> {
    let aim = when;
    for (let attempts = 0; attempts < MOST_ATTEMPTS; attempts += 1) {
      const { killedAt } = await this.run({ name: call.name, when: aim });
      if (killedAt !== undefined && isSame(killedAt.position, position)) return true;
      aim = killedAt !== undefined && isBefore(killedAt.position, position) ? aim + 1 : Math.max(1, aim - 1);
    }
    return false;
  }

  async run(kill?: { readonly name: string; readonly when: number }): Promise<TracedRun> {
    await using program = await this.#scenario.hold();
    const run = await this.#trace(program, kill);
    if (run.killedAt !== undefined) this.kills += 1;
    try {
      const outcome = await program.check();
      this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
    } catch (error) {
      const where = run.killedAt === undefined ? 'after its work' : `at ${shown(run.killedAt.call)}`;
      const what = error instanceof Error ? error.message : String(error);
      this.violations.push(`${this.#scenario.name}, thread ${this.#thread}, killed ${where}: ${what}`);
    }
    return run;
  }

  async #trace(program: HeldProgram, kill?: { readonly name: string; readonly when: number }): Promise<TracedRun> {
    await using tracer = await Tracer.attach(program.pid, this.#thread, kill);
    await program.work();
    await program.end();
    return readRun(await tracer.calls(), this.#scenario.folder);
  }
}

function isSame(a: KillPosition, b: KillPosition): boolean {
  return a.changes === b.changes && a.answers === b.answers;
}

function isBefore(a: KillPosition, b: KillPosition): boolean {
  return a.changes < b.changes || (a.changes === b.changes && a.answers < b.answers);
}

/** Without what differs from run to run. */
function shown({ name, args }: TracedCall): string {
  return `${name}(${args.replaceAll(/\b[0-9a-f]{16}\.tmp/g, '*.tmp').slice(0, 120)})`;
}
