import { LAYOUT_NAMES } from '../../src/lib/svidfiles/layouts/layouts.ts';
import { type Proof, SHORT, verdict } from './proof.ts';
import { type RotationResult, type RotationRun, rotate } from './rotations/rotate.ts';
import { issueVersions } from './rotations/versions.ts';

/** How much of it there is. */
const LONG = { rotations: 10_000, versions: 200, withKills: 10_000, killEvery: 100 };
const SHORT_FORM = { rotations: 200, versions: 20, withKills: 100, killEvery: 25 };

export const proof: Proof = {
  shows: `${LONG.rotations} rotations written by api watch in each layout, read all the time, also with kill -9: nothing mixed, no wrong mode ([LAYOUT...])`,
  hasShortForm: true,
  async run(args) {
    const isShort = args.includes(SHORT);
    const named = args.filter((arg) => arg !== SHORT);
    const layouts = LAYOUT_NAMES.filter((layout) => named.length === 0 || named.includes(layout));
    const form = isShort ? SHORT_FORM : LONG;
    const responses = await issueVersions(form.versions);
    const runs: RotationRun[] = [
      ...layouts.map((layout) => ({ layout, rotations: form.rotations, killEvery: undefined })),
      ...layouts.map((layout) => ({ layout, rotations: form.withKills, killEvery: form.killEvery })),
    ];
    const results: RotationResult[] = [];
    for (const run of runs) {
      const result = await rotate(run, responses);
      describe(run, result);
      results.push(result);
    }
    const sum = (count: (result: RotationResult) => number): number =>
      results.reduce((total, result) => total + count(result), 0);
    const mismatches = sum((result) => result.mismatches);
    const wrongModes = sum((result) => result.wrongModes);
    const litter = sum((result) => result.litter.length);
    const looks = sum((result) => result.looks);
    return verdict(
      results.length > 0 && mismatches + wrongModes + litter === 0,
      `${form.rotations} rotations in each of ${layouts.length} layouts, and ${form.withKills} with kill -9, ${sum((result) => result.kills)} times in all: ` +
        `${looks} looks, ${mismatches} mismatches, ${wrongModes} wrong modes, ${litter} pieces of litter; ` +
        `by one name after the other ${sum((result) => result.naiveMixed)} of ${sum((result) => result.naiveLooks)} looks were mixed`,
    );
  },
};

function describe({ layout, rotations, killEvery }: RotationRun, result: RotationResult): void {
  const each = ((result.seconds * 1000) / rotations).toFixed(2);
  console.log(
    `${layout}${killEvery === undefined ? '' : `, ${result.kills} kills`}: ${rotations} rotations in ${result.seconds.toFixed(1)} s ` +
      `(${each} ms each), ${result.looks} looks (${result.retries} began again), ${result.versions} versions seen, ` +
      `${result.mismatches} mismatches, ${result.wrongModes} wrong modes; by names ${result.naiveMixed} of ${result.naiveLooks} mixed`,
  );
  for (const problem of result.problems) console.log(`FAILED: ${problem}`);
  for (const name of result.litter) console.log(`FAILED: left over: ${name}`);
}
