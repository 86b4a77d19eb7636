import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildGoProgram } from '../../test/support/foreign-clients.ts';
import { findOnPath, findRealSpire, ours, whyNoOtherUsers } from '../../test/support/programs.ts';
import { type Proof, SHORT, skipped, verdict } from './proof.ts';
import type { WorkloadReport } from './rotation-soak/workload.ts';
import { RootAuthority } from './sandwich/root-authority.ts';
import { type Layers, Sandwich } from './sandwich/sandwich.ts';
import { isBelow, untilServed } from './sandwich/served-identity.ts';
import { callUnder, type Minted, mint } from './sandwich/stranger.ts';

/** How often the root is replaced. */
const ROUNDS = 3;

/** Between what was changed and the next step, so that workloads have made some handshakes with it. */
const HOLD_MS = 15_000;
const SHORT_HOLD_MS = 2_000;

/** With this argument the real ones are on top, and ours below. */
const REAL_ON_TOP = '--real-on-top';

/** Far more than it takes: the workloads are told when it is over. */
const SECONDS = 3_600;

export const proof: Proof = {
  shows: 'a real server with its agent nested under ours: mTLS holds while our root is replaced and our server killed',
  hasShortForm: true,
  async run(args) {
    const obstacle = await whyNoOtherUsers();
    if (obstacle !== undefined) return skipped(obstacle);
    if (findOnPath('go') === undefined) return skipped('go is not on the PATH');
    const isShort = args.includes(SHORT);
    const real = findRealSpire();
    if (real === undefined && !isShort) {
      return skipped('SPIRE_SERVER_BIN and SPIRE_AGENT_BIN do not name real SPIRE binaries (--short does with ours)');
    }
    const work = mkdtempSync(join(tmpdir(), 'spirekit-sandwich-'));
    try {
      const program = await buildGoProgram(work, './soak');
      const trial = { rounds: isShort ? 1 : ROUNDS, holdMs: isShort ? SHORT_HOLD_MS : HOLD_MS };
      const isRealOnTop = args.includes(REAL_ON_TOP);
      const other = real ?? ours;
      const layers = isRealOnTop ? { above: other, below: ours } : { above: ours, below: other };
      const { holds, figure } = await hold(program, layers, trial);
      const name = real === undefined ? 'ours' : 'SPIRE 1.15.3';
      return verdict(holds, `${isRealOnTop ? `ours under ${name}` : `${name} under ours`}: ${figure}`);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  },
};

interface Outcome {
  readonly holds: boolean;
  readonly figure: string;
}

async function hold(
  program: string,
  layers: Layers,
  { rounds, holdMs }: { readonly rounds: number; readonly holdMs: number },
): Promise<Outcome> {
  await using sandwich = await Sandwich.open(layers);
  const { root, nested, slices } = sandwich;
  const [one, two] = slices;
  const authority = new RootAuthority(root);
  await untilServed(slices, 'both workloads have an identity', () => true);
  const old = {
    toOne: [await mint(root, two.spiffeId), await mint(nested, two.spiffeId)],
    toTwo: [await mint(root, one.spiffeId), await mint(nested, one.spiffeId)],
  };
  const [first, second] = await sandwich.start(program, SECONDS);
  await using _first = first;
  await using _second = second;
  const running = Promise.all([first.run(), second.run()]);
  await sleep(holdMs);
  for (let round = 1; round <= rounds; round += 1) await replaceRoot(sandwich, authority, holdMs);
  first.end();
  second.end();
  const reports = await running;
  // They have counted what they count, and still serve.
  const refusal = await tryOldRoot(sandwich, old);
  return judge(reports, refusal, rounds);
}

/** Prepare, activate, taint, kill -9, revoke; each step when all have what they need for it. */
async function replaceRoot({ root, slices }: Sandwich, authority: RootAuthority, holdMs: number): Promise<void> {
  const before = await authority.active();
  const next = await authority.prepare();
  const hasNext = ({ roots }: { readonly roots: readonly { equals(other: typeof next): boolean }[] }): boolean =>
    roots.some((each) => each.equals(next));
  await untilServed(slices, 'both workloads have the prepared root', hasNext);
  await sleep(holdMs);
  await authority.act('activate', next);
  await authority.act('taint', before);
  await root.killServer();
  await root.startServer();
  console.log('server on top killed and started again');
  await untilServed(slices, 'both workloads have an SVID below the new root', isBelow(next));
  await sleep(holdMs);
  await authority.act('revoke', before);
  await untilServed(slices, 'both workloads have nothing but the new root', ({ roots }) => roots.length === 1);
  await sleep(holdMs);
}

interface Refusal {
  readonly refused: number;
  readonly tried: number;
  /** The same calls, under SVIDs of now. */
  readonly accepted: number;
}

/** SVIDs that both servers signed before the first step are shown to both workloads, then such of now. */
async function tryOldRoot(
  sandwich: Sandwich,
  old: { readonly toOne: readonly Minted[]; readonly toTwo: readonly Minted[] },
): Promise<Refusal> {
  const { root, nested, slices } = sandwich;
  const [one, two] = slices;
  const attempts = [...old.toOne.map((svid) => [svid, one] as const), ...old.toTwo.map((svid) => [svid, two] as const)];
  let refused = 0;
  for (const [svid, { address }] of attempts) {
    const answer = await callUnder(svid, address);
    console.log(`an SVID below the old root: ${answer}`);
    if (answer.startsWith('refused')) refused += 1;
  }
  let accepted = 0;
  for (const [server, self, peer] of [
    [root, two, one],
    [nested, two, one],
    [root, one, two],
    [nested, one, two],
  ] as const) {
    if ((await callUnder(await mint(server, self.spiffeId), peer.address)) === 'ok') accepted += 1;
  }
  return { refused, tried: attempts.length, accepted };
}

function judge(reports: readonly WorkloadReport[], { refused, tried, accepted }: Refusal, rounds: number): Outcome {
  for (const report of reports) for (const error of report.errors) console.log(`FAILED: ${error}`);
  const sum = (count: (report: WorkloadReport) => number): number =>
    reports.reduce((total, report) => total + count(report), 0);
  const failed = {
    handshakes: sum((report) => report.failedHandshakes + report.failedAccepts),
    calls: sum((report) => report.failedCalls),
    tokens: sum((report) => report.failedTokens),
  };
  const gapMs = Math.max(...reports.map((report) => report.longestGapMs));
  const isRekeyed = reports.every(({ issuers }) => issuers > rounds);
  const holds =
    failed.handshakes === 0 &&
    failed.calls === 0 &&
    failed.tokens === 0 &&
    gapMs === 0 &&
    isRekeyed &&
    refused === tried &&
    accepted === tried;
  const figure = [
    `${sum((report) => report.handshakes)} handshakes, ${failed.handshakes} failed`,
    `${sum((report) => report.calls)} calls, ${failed.calls} failed`,
    `${sum((report) => report.tokens)} tokens, ${failed.tokens} refused`,
    `longest time without a valid SVID ${gapMs} ms`,
    `${reports.map((report) => report.issuers).join(' and ')} CAs of the workloads`,
    `root replaced and server killed ${rounds} times`,
    `${refused} of ${tried} SVIDs below the first root refused, ${accepted} of ${tried} of now accepted`,
  ].join('; ');
  return { holds, figure };
}
