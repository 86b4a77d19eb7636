/**
 * `run-attack.ts ATTACK AMOUNT TARGET`: does one attack on a target (as JSON), says `done`, and holds what it has open
 * until its input ends. In a process of its own, so that it may be of another user and takes no time from honest callers.
 */
import { Attacker, type Target } from './attacker.ts';
import { CONNECTION_ATTACKS, FRAME_ATTACKS } from './attacks.ts';

const [name, amount, json = ''] = process.argv.slice(2);
const target: Target = JSON.parse(json);
const attack = [...FRAME_ATTACKS, ...CONNECTION_ATTACKS].find((known) => known.name === name);
if (attack === undefined) throw new Error(`no attack is called ${name}`);
using attacker = new Attacker(target);
await attack.run(attacker, Number(amount));
console.log(`done ${attacker.openCount}`);
process.stdin.resume();
await new Promise((resolve) => process.stdin.once('end', resolve));
process.exit(0);
