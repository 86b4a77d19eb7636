import { isDeepStrictEqual } from 'node:util';
import { commandTable } from '../../src/lib/cli/command-table.ts';
import { findLacking } from '../../test/golden/coverage.ts';
import type { GoldenStep } from '../../test/golden/golden-file.ts';
import type { Starters } from '../../test/golden/golden-run.ts';
import {
  OWN_LAUNCHER,
  openGolden,
  ownGoldenFiles,
  PLAIN_OCLIF,
  runOwnGolden,
  whyNotUnderOclif,
} from '../../test/golden/own-files.ts';
import { type Proof, SHORT, verdict } from './proof.ts';

/** Of every file whose steps stand alone, the short form runs one step in so many; the tests run all, but not under oclif. */
const SHORT_SHARE = 8;

export const proof: Proof = {
  shows: 'the golden files of spirekit hold under its own launcher and under plain oclif, for every command and format',
  hasShortForm: true,
  async run(args) {
    const files = ownGoldenFiles();
    const wanted = args.filter((arg) => arg !== SHORT);
    const chosen = wanted.length === 0 ? files : files.filter((name) => wanted.some((word) => name.includes(word)));
    const { lacking, needless } = await findLacking(files.flatMap((name) => openGolden(name).steps));
    for (const line of lacking) console.log(`no golden: ${line}`);
    for (const name of needless) console.log(`needlessly excused: ${name}`);
    const total = { own: 0, oclif: 0, differ: 0 };
    const isShort = args.includes(SHORT);
    for (const name of chosen) {
      const few = isShort ? everyFew(name) : undefined;
      if (isShort && few === undefined) continue;
      const own = await compare(name, OWN_LAUNCHER, few ?? (() => false));
      const oclif = await compare(name, PLAIN_OCLIF, few ?? ((line) => whyNotUnderOclif(line) !== undefined));
      console.log(`${name}: ${own.steps} steps under spirekit, ${oclif.steps} under plain oclif`);
      total.own += own.steps;
      total.oclif += oclif.steps;
      total.differ += own.differ + oclif.differ;
    }
    const commands = commandTable('spirekit').size;
    return verdict(
      total.differ === 0 && lacking.length === 0 && needless.length === 0,
      `${total.own} steps under spirekit, ${total.oclif} under plain oclif: ${total.differ} differ; ${commands} commands, ${lacking.length} of them with a format without golden`,
    );
  },
};

/** Files whose steps build on each other, so that a share of them would not do. */
const WHOLE_ONLY = /^live\/|^spirekit\/context\.txt$/;

function everyFew(name: string): ((line: string) => boolean) | undefined {
  if (WHOLE_ONLY.test(name)) return undefined;
  const lines = openGolden(name).steps.map(({ line }) => line);
  return (line) => whyNotUnderOclif(line) !== undefined || lines.indexOf(line) % SHORT_SHARE !== 0;
}

async function compare(name: string, starters: Starters, isLeftOut: (line: string) => boolean) {
  const expected = openGolden(name).steps.filter(({ line }) => !isLeftOut(line));
  const kept = new Set(expected.map(({ line }) => line));
  const steps = await runOwnGolden(name, starters, { isLeftOut: (line) => !kept.has(line) });
  let differ = 0;
  for (const [index, step] of steps.entries()) {
    if (isDeepStrictEqual(step, expected[index])) continue;
    differ += 1;
    console.log(`differs: ${describe(expected[index])}\ngot: ${describe(step)}`);
  }
  return { steps: steps.length, differ };
}

function describe(step: GoldenStep | undefined): string {
  return step === undefined ? 'nothing' : `$ ${step.line}\n= ${step.code}\n${step.stdout}${step.stderr}`;
}
