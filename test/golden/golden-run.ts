import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Finished, projectRoot, run } from '../support/programs.ts';
import { type GoldenFile, type GoldenStep, shapeOf, splitCommandLine } from './golden-file.ts';

/** How a program is started: the executable and what stands before its arguments. */
export type Starters = Readonly<Record<string, readonly [string, ...string[]]>>;

/** Files that commands may look at, `$DATA` in a command line; none may be changed. */
const data = join(projectRoot, 'test/golden/data');

/** Runs every step of a file in an empty folder of its own, with an environment that holds nothing of ours. */
export async function runGolden(file: GoldenFile, starters: Starters): Promise<GoldenStep[]> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'golden-')));
  try {
    const steps: GoldenStep[] = [];
    for (const { line } of file.steps) {
      const { env, argv } = splitCommandLine(line.replaceAll('$DIR', folder).replaceAll('$DATA', data));
      const [program = '', ...args] = argv;
      const starter = starters[program];
      if (starter === undefined) throw new Error(`no such program in a golden file: ${program}`);
      const [executable, ...first] = starter;
      const environment = { PATH: process.env['PATH'], HOME: folder, TZ: 'UTC', NO_COLOR: '1', ...env };
      const finished = await run(executable, [...first, ...args], { cwd: folder, env: environment });
      steps.push({ line, ...shapeOf(withoutPath(finished), folder) });
    }
    return steps;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function withoutPath(finished: Finished): Finished {
  const named = (text: string): string => text.replaceAll(data, '$DATA');
  return { ...finished, stdout: named(finished.stdout), stderr: named(finished.stderr) };
}
