import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Finished, run } from '../support/programs.ts';
import { type GoldenFile, type GoldenStep, shapeOf, splitCommandLine } from './golden-file.ts';
import { DATA_FOLDER, LiveDomain } from './live-domain.ts';
import { Placeholders, withEqualGaps, withoutQuotes } from './placeholders.ts';

/** How a program is started: the executable and what stands before its arguments. */
export type Starters = Readonly<Record<string, readonly [string, ...string[]]>>;

/** What a run of a golden file may be given. */
export interface GoldenRunOptions {
  /** Whether the steps run in a throwaway trust domain, and what differs from run to run is masked. */
  readonly isLive?: boolean;
  /** Steps that are not run; they are left out of the outcome. */
  readonly isLeftOut?: (line: string) => boolean;
  /** Told what each step printed, before anything is masked. */
  readonly onStep?: (line: string, finished: Finished) => void;
}

/**
 * Runs every step of a file in an empty folder of its own, with an environment that holds nothing of ours. A line may end
 * with `> FILE`, for what later steps read, and with `< FILE`.
 */
export async function runGolden(
  file: GoldenFile,
  starters: Starters,
  options: GoldenRunOptions = {},
): Promise<GoldenStep[]> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'golden-')));
  await using domain = options.isLive === true ? await LiveDomain.open() : undefined;
  const placeholders = new Placeholders(domain?.names);
  try {
    const steps: GoldenStep[] = [];
    for (const { line } of file.steps) {
      if (options.isLeftOut?.(line) === true) continue;
      const filled = domain === undefined ? line : domain.fill(placeholders.fill(line));
      const { words, output, input } = splitRedirections(filled.replaceAll('$DATA', DATA_FOLDER), folder);
      const { env, argv } = splitCommandLine(words.replaceAll('$DIR', folder));
      const [program = '', ...args] = argv;
      const starter = starters[program];
      if (starter === undefined) throw new Error(`no such program in a golden file: ${program}`);
      const [executable, ...first] = starter;
      const finished = await run(executable, [...first, ...args], {
        cwd: folder,
        env: { PATH: process.env['PATH'], HOME: folder, TZ: 'UTC', NO_COLOR: '1', ...domain?.env, ...env },
        ...(input === undefined ? {} : { stdin: readFileSync(input, 'utf8') }),
      });
      options.onStep?.(line, finished);
      const printed = withoutPath(output === undefined ? finished : { ...finished, stdout: '' });
      if (output !== undefined) writeFileSync(output, finished.stdout);
      const shown = shapeOf(printed, folder);
      steps.push({ line, ...(domain === undefined ? shown : masked(shown, line, placeholders)) });
    }
    return steps;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function withoutPath(finished: Finished): Finished {
  const named = (text: string): string => text.replaceAll(DATA_FOLDER, '$DATA');
  return { ...finished, stdout: named(finished.stdout), stderr: named(finished.stderr) };
}

function splitRedirections(line: string, folder: string) {
  const [, words = line, mark, name = ''] = /^(.*?) ([<>]) (\S+)$/.exec(line) ?? [];
  const path = join(folder, name);
  return { words, output: mark === '>' ? path : undefined, input: mark === '<' ? path : undefined };
}

function masked<T extends Omit<GoldenStep, 'line'>>(shown: T, line: string, placeholders: Placeholders): T {
  const isTable = !/--?(output|template)\b/.test(line) || /--?output[ =]table\b/.test(line);
  const isYaml = /--?output[ =]yaml\b/.test(line);
  const plain = placeholders.mask(shown.stdout);
  const stdout = isTable ? withEqualGaps(plain) : isYaml ? withoutQuotes(plain) : plain;
  return { ...shown, stdout, stderr: placeholders.mask(shown.stderr) };
}
