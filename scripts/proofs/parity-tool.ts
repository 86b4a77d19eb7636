import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findOnPath, type Programs, projectRoot, run, whyNoOtherUsers } from '../../test/support/programs.ts';

const folder = join(projectRoot, 'test/parity');

/** Which scenario to replay, and which programs play which part. */
export interface Replay {
  readonly scenario: string;
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
  /** Steps whose exit code alone is as recorded. */
  readonly sameExitCode: number;
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
    const recording = join(folder, 'recordings/spire-1.15.3.json');
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
    const wrongCode = compare.stdout.split('\n').filter((line) => /^\S+\/\S+ .*\[(code|not run)\b/.test(line)).length;
    const passed = Number(count[1]);
    return { passed, failed, failedSteps, differences: compare.stdout, sameExitCode: passed + failed - wrongCode };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
