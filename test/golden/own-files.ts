import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandTable } from '../../src/lib/cli/command-table.ts';
import { resolveWords } from '../../src/lib/cli/word-resolution.ts';
import { ours } from '../support/programs.ts';
import { type GoldenFile, type GoldenStep, parseGolden, splitCommandLine } from './golden-file.ts';
import { type GoldenRunOptions, runGolden, type Starters } from './golden-run.ts';
import { LIVE_FOLDER } from './live-domain.ts';

/** Where golden files are. */
export const GOLDEN_FOLDER = import.meta.dirname;

/** The golden files of the umbrella program, below {@link GOLDEN_FOLDER}. */
export function ownGoldenFiles(): string[] {
  return globSync(['spirekit/*.txt', `${LIVE_FOLDER}/*.txt`], { cwd: GOLDEN_FOLDER }).sort();
}

/** Reads one. */
export function openGolden(name: string): GoldenFile {
  return parseGolden(readFileSync(join(GOLDEN_FOLDER, name), 'utf8'));
}

/** Runs one where it belongs: what is live in a throwaway trust domain. */
export function runOwnGolden(name: string, starters: Starters, options: GoldenRunOptions = {}): Promise<GoldenStep[]> {
  return runGolden(openGolden(name), starters, { ...options, isLive: name.startsWith(`${LIVE_FOLDER}/`) });
}

/** The umbrella by its own launcher. */
export const OWN_LAUNCHER: Starters = { spirekit: [ours.spirekit] };

/** The same commands, found, loaded and run by oclif. */
export const PLAIN_OCLIF: Starters = {
  spirekit: [process.execPath, join(import.meta.dirname, '../support/run-by-oclif.ts')],
};

/**
 * Why a step cannot be the same under plain oclif, which looks at a command line before it comes to a command; undefined if
 * it has to be.
 */
export function whyNotUnderOclif(line: string): string | undefined {
  const [, ...words] = splitCommandLine(line).argv;
  const resolution = resolveWords(commandTable('spirekit').keys(), words);
  if (resolution.kind === 'version') return 'oclif has a line of its own for --version';
  if (resolution.kind !== 'command') return 'oclif has words of its own for what is no command';
  if (resolution.isHelp) return 'oclif has its own help, without what our table tells of groups';
  if (resolution.hasMisplacedFlags) return 'oclif looks no further than a flag before the first word';
  if (resolution.words === 'api fetch') return 'these words stand for `api fetch x509`; for oclif they are a group';
  // Each of these stands behind a command that takes no argument.
  if (/ (extra|b|nurse|far\.example)$/.test(line)) return 'oclif takes further words for part of the name of a command';
  return undefined;
}
