/**
 * `npm run fuzz [-- SECONDS [NAME]]` feeds the byte parsers with mutations of their kept inputs: all for 10 s each, or one
 * for as long as is said. Prints how many inputs each took; the first input that breaks an invariant is printed in base64
 * and ends the run with exit code 1.
 */
import { loadTargets, mutate, type NamedTarget, seededRandom } from '../test/support/fuzz.ts';

const [secondsText = '10', only] = process.argv.slice(2);
const seconds = Number(secondsText);
if (!(seconds > 0)) throw new Error(`not a number of seconds: ${secondsText}`);

/** How large the pool of inputs that are mutated further may grow. */
const POOL = 512;

function fuzz({ name, target, corpus }: NamedTarget): boolean {
  const random = seededRandom(Date.now());
  const pool = [...corpus, new Uint8Array()];
  const pick = (): Uint8Array => pool[random(pool.length)] ?? new Uint8Array();
  const end = performance.now() + seconds * 1_000;
  let runs = 0;
  while (performance.now() < end) {
    for (let batch = 0; batch < 100; batch += 1) {
      const input = mutate(pick(), pick(), random);
      runs += 1;
      try {
        target(input);
      } catch (error) {
        console.error(`${name}: broken by ${Buffer.from(input).toString('base64')}`, error);
        return false;
      }
      if (random(64) === 0) {
        if (pool.length < POOL) pool.push(input);
        else pool[corpus.length + random(POOL - corpus.length)] = input;
      }
    }
  }
  console.log(`${name}: ${runs} inputs in ${seconds} s`);
  return true;
}

const targets = (await loadTargets()).filter(({ name }) => only === undefined || name === only);
if (targets.length === 0) throw new Error(`no fuzz target is called ${only}`);
const held = targets.map(fuzz).filter(Boolean).length;
console.log(`${held} of ${targets.length} parsers keep their invariants`);
process.exitCode = held === targets.length ? 0 : 1;
