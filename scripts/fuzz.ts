/**
 * `npm run fuzz [-- SECONDS [NAME...]]` feeds the byte parsers with mutations of their kept inputs, and of those that
 * reached code which none had reached before: all for 10 s each, or the named ones for as long as is said. Prints how
 * many inputs each took. The first input that breaks an invariant, or takes over a second, is printed in base64 and
 * ends the target; the exit code is then 1.
 *
 * - `--seed N` tries the same inputs again as the run that printed the seed;
 * - `--save` keeps what was found in `test/fuzz/corpus/NAME/`: the input that breaks it, or short inputs that reach more;
 * - `--blind` chooses inputs by chance alone, to compare.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { corpusFolder, targetNames } from '../test/support/fuzz.ts';
import type { FuzzOutcome } from './fuzz/fuzz-target.ts';
import { inputNumber, makeWatched, type WorkerOrder, watchedInput } from './fuzz/watched-input.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string' }, save: { type: 'boolean' }, blind: { type: 'boolean' } },
});
const [secondsText = '10', ...names] = positionals;
const seconds = Number(secondsText);
if (!(seconds > 0)) throw new Error(`not a number of seconds: ${secondsText}`);
const seed = Number(values.seed ?? Date.now() % 1_000_000_000);
if (!Number.isSafeInteger(seed)) throw new Error(`not a seed: ${values.seed}`);
const known = targetNames();
for (const name of names) if (!known.includes(name)) throw new Error(`no fuzz target is called ${name}`);

/** A thread whose input does not change for so much of the processor's time hangs; it is looked at as often. */
const HANG_MS = 30_000;

/** @returns whether the target held */
async function fuzz(name: string): Promise<boolean> {
  const watched = makeWatched();
  const order: WorkerOrder = {
    name,
    seconds,
    seed,
    isBlind: values.blind === true,
    findsExtensions: values.save === true,
    watched,
  };
  const worker = new Worker(new URL('./fuzz/worker.ts', import.meta.url), { workerData: order });
  const ended = new AbortController();
  try {
    const outcome = await Promise.race([outcomeOf(worker), hangs(watched, ended.signal)]);
    report(name, outcome);
    return outcome.finding === undefined;
  } finally {
    ended.abort();
    await worker.terminate();
  }
}

function outcomeOf(worker: Worker): Promise<FuzzOutcome> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve).once('error', reject);
    worker.once('exit', () => reject(new Error('the thread ended without a word')));
  });
}

async function hangs(watched: SharedArrayBuffer, signal: AbortSignal): Promise<FuzzOutcome> {
  let since = process.cpuUsage();
  for (let last = -1; ; ) {
    await setTimeout(HANG_MS, undefined, { signal });
    const runs = inputNumber(watched);
    const { user, system } = process.cpuUsage(since);
    if (runs === last && runs > 0) {
      if ((user + system) / 1_000 < HANG_MS) continue;
      const finding = { input: watchedInput(watched), what: `takes over ${HANG_MS / 1_000} s` };
      return { runs, reached: 0, slowestMs: HANG_MS, finding, extensions: [] };
    }
    last = runs;
    since = process.cpuUsage();
  }
}

function report(name: string, { runs, reached, slowestMs, finding, extensions }: FuzzOutcome): void {
  if (finding === undefined) {
    const found = extensions.length === 0 ? '' : `, ${extensions.length} inputs reach more than the kept ones`;
    const places = reached === 0 ? '' : `, ${reached} places reached`;
    console.log(`${name}: ${runs} inputs in ${seconds} s${places}, slowest ${Math.ceil(slowestMs)} ms${found}`);
  } else {
    console.error(`${name}: broken by ${Buffer.from(finding.input).toString('base64')}\n${finding.what}`);
  }
  if (values.save !== true) return;
  for (const input of finding === undefined ? extensions : [finding.input]) save(name, input);
}

function save(name: string, input: Uint8Array): void {
  const folder = corpusFolder(name);
  mkdirSync(folder, { recursive: true });
  const file = `found-${createHash('sha256').update(input).digest('hex').slice(0, 8)}`;
  writeFileSync(join(folder, file), input);
  console.log(`${name}: kept ${join(folder, file)}`);
}

console.log(`seed ${seed}`);
const targets = names.length === 0 ? known : names;
let held = 0;
for (const name of targets) if (await fuzz(name)) held += 1;
console.log(`${held} of ${targets.length} parsers keep their invariants`);
process.exitCode = held === targets.length ? 0 : 1;
