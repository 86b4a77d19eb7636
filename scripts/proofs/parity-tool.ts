import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findOnPath, type Programs, projectRoot, run, whyNoOtherUsers } from '../../test/support/programs.ts';
import { withoutExceptions } from './parity-exceptions.ts';

const folder = join(projectRoot, 'test/parity');

/** Every recorded scenario, with its number of steps. */
export const SCENARIOS = {
  '01-usage': 48,
  '02-entry': 44,
  '03-workload': 38,
  '04-agents-tokens': 31,
  '05-bundle-mint': 42,
  '06-authorities-federation': 39,
  '07-config': 237,
  '08-attestation': 64,
} as const;

export type ScenarioName = keyof typeof SCENARIOS;

/** All of them, in order. */
export const SCENARIO_NAMES = Object.keys(SCENARIOS).filter((name): name is ScenarioName => name in SCENARIOS);

/** Which scenario to replay, and which programs play which part. */
export interface Replay {
  readonly scenario: ScenarioName;
  readonly clients: Programs;
  readonly daemons: Programs;
}

/** How many steps of a scenario were as recorded from SPIRE 1.15.3, and what was said about the others. */
export interface Comparison {
  readonly passed: number;
  readonly failed: number;
  readonly differences: string;
  /** The steps that were not as recorded. */
  readonly failedSteps: readonly string[];
}

/** The reason why no scenario can be replayed here, if there is one. */
export async function missingForParity(): Promise<string | undefined> {
  const obstacle = await whyNoOtherUsers();
  if (obstacle !== undefined) return obstacle;
  const tool = ['python3', 'openssl'].find((name) => findOnPath(name) === undefined);
  return tool === undefined ? undefined : `${tool} is not on the PATH`;
}

/** Replays one scenario and compares it with what SPIRE 1.15.3 did. */
export async function replay(what: Replay): Promise<Comparison> {
  const work = mkdtempSync(join(tmpdir(), 'spirekit-parity-'));
  try {
    const tool = join(folder, 'parity.py');
    const out = join(work, 'result.json');
    const recording = join(work, 'recording.json');
    const played = await run(
      'python3',
      [
        ...[tool, 'run', join(folder, 'scenarios', `${what.scenario}.scn`)],
        ...['--server', what.clients.server, '--agent', what.clients.agent],
        ...['--daemon-server', what.daemons.server, '--daemon-agent', what.daemons.agent, '--out', out],
      ],
      { timeoutMs: 900_000 },
    );
    if (played.code !== 0) throw new Error(`${what.scenario} could not be replayed: ${played.stderr}`);
    copyWithoutExceptions(join(folder, 'recordings/spire-1.15.3.json'), recording);
    copyWithoutExceptions(out, out);
    const compare = await run('python3', [
      ...[tool, 'diff', recording, out, '--only', `${what.scenario}/`],
      ...['--show', '500'],
    ]);
    const count = /(\d+) passed, (\d+) failed\s*$/.exec(compare.stdout);
    if (count === null) throw new Error(`no comparison: ${compare.stdout}${compare.stderr}`);
    const failed = Number(count[2]);
    const failedSteps = compare.stdout
      .split('\n')
      .flatMap((line) => /^(\S+\/\S+) .*\[[a-z, ]+\]$/.exec(line)?.[1] ?? []);
    const passed = Number(count[1]);
    return { passed, failed, failedSteps, differences: compare.stdout };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Copies a result of the tool, without what may differ. */
function copyWithoutExceptions(from: string, to: string): void {
  const result: unknown = JSON.parse(readFileSync(from, 'utf8'), (key, value: unknown) =>
    key === 'stdout' && typeof value === 'string' ? withoutExceptions(value) : value,
  );
  writeFileSync(to, JSON.stringify(result));
}
