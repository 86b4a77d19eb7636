import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Deployment, freePort } from '../../test/support/deployment.ts';
import { buildGoProgram } from '../../test/support/foreign-clients.ts';
import { findOnPath, findRealSpire, ours, whyNoOtherUsers } from '../../test/support/programs.ts';
import { type Proof, type ProofResult, SHORT, skipped, verdict } from './proof.ts';
import { AuthorityWatch } from './rotation-soak/authority-watch.ts';
import { Disturbances } from './rotation-soak/disturbances.ts';
import { Workload, type WorkloadReport } from './rotation-soak/workload.ts';

const SECONDS = 600;
const SHORT_SECONDS = 75;

/** SPIRE's agent needs more time between steps. */
const SHORT_SECONDS_BY_POLLING = 150;

/** Lifetimes in the first and in the second half. */
const FIRST = 'ca_ttl = "60s"\n  default_x509_svid_ttl = "30s"\n  default_jwt_svid_ttl = "30s"';
const SECOND = 'ca_ttl = "40s"\n  default_x509_svid_ttl = "40s"\n  default_jwt_svid_ttl = "30s"';

/** With this argument the agent is SPIRE's, which polls. */
const REAL_AGENT = '--real-agent';

/** Until every agent and workload has the bundle: spirekit's agents are woken, SPIRE's ask every 5 s. */
const SPREAD_MS = 3_000;
const SPREAD_BY_POLLING_MS = 8_000;

/** A workload that lost its stream to the agent tries again after at most this. */
const RECONNECT_MS = 10_000;

export const proof: Proof = {
  shows: `lifetimes of 30 to 60 s for ${SECONDS / 60} minutes, mTLS between two go-spiffe workloads: no failed handshake, no gap`,
  hasShortForm: true,
  async run(args) {
    const obstacle = await whyNoOtherUsers();
    if (obstacle !== undefined) return skipped(obstacle);
    if (findOnPath('go') === undefined) return skipped('go is not on the PATH');
    const real = findRealSpire();
    const isReal = args.includes(REAL_AGENT);
    if (isReal && real === undefined) return skipped('SPIRE_SERVER_BIN and SPIRE_AGENT_BIN do not name SPIRE binaries');
    const agent = isReal && real !== undefined ? real.agent : ours.agent;
    const work = mkdtempSync(join(tmpdir(), 'spirekit-soak-'));
    try {
      const program = await buildGoProgram(work, './soak');
      const shortSeconds = isReal ? SHORT_SECONDS_BY_POLLING : SHORT_SECONDS;
      const result = await soak(program, { agent, seconds: args.includes(SHORT) ? shortSeconds : SECONDS });
      return isReal ? { ...result, figure: `with SPIRE's agent: ${result.figure}` } : result;
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  },
};

async function soak(
  program: string,
  { agent, seconds }: { readonly agent: string; readonly seconds: number },
): Promise<ProofResult> {
  const daemons = { server: ours.server, agent };
  await using deployment = await Deployment.open({ daemons, serverSettings: FIRST });
  await deployment.startAgent();
  await deployment.createEntry('/one', ['unix:uid:2001']);
  await deployment.createEntry('/two', ['unix:uid:2002']);
  const ports = [await freePort(), await freePort()];
  const [one = '', two = ''] = ports.map((port) => `127.0.0.1:${port}`);
  const socketPath = deployment.agentSocket;
  const shared = { program, socketPath, seconds };
  await using first = new Workload({
    ...shared,
    uid: 2001,
    listen: one,
    peer: two,
    peerId: 'spiffe://example.org/two',
  });
  await using second = new Workload({
    ...shared,
    uid: 2002,
    listen: two,
    peer: one,
    peerId: 'spiffe://example.org/one',
  });
  await Promise.all([first.ready(), second.ready()]);
  console.log(`two workloads call each other for ${seconds} s`);
  await using watch = new AuthorityWatch(deployment.serverSocket);
  const disturbances = new Disturbances(deployment, agent === ours.agent ? SPREAD_MS : SPREAD_BY_POLLING_MS);
  const [reports] = await Promise.all([Promise.all([first.run(), second.run()]), disturb(disturbances, seconds)]);
  await watch.look();
  return judge(reports, disturbances, watch);
}

/** At fixed parts of the time, so that the short form sees the same. */
async function disturb(disturbances: Disturbances, seconds: number): Promise<void> {
  const startedMs = performance.now();
  const at = (part: number): Promise<void> => sleep(Math.max(0, startedMs + part * seconds * 1000 - performance.now()));
  await at(0.1);
  await disturbances.rotate('x509');
  await at(0.2);
  await disturbances.rotate('jwt');
  await at(0.3);
  await disturbances.killServer();
  await at(0.45);
  await disturbances.restartServer(SECOND);
  await at(0.55);
  await disturbances.rotate('x509');
  await at(0.65);
  await disturbances.restartAgent();
  await at(0.72);
  await disturbances.replace('x509');
  await at(0.84);
  await disturbances.replace('jwt');
}

function judge(reports: readonly WorkloadReport[], disturbances: Disturbances, watch: AuthorityWatch): ProofResult {
  for (const report of reports) {
    console.log(JSON.stringify(report));
    for (const error of report.errors) console.log(`FAILED: ${error}`);
  }
  const sum = (count: (report: WorkloadReport) => number): number =>
    reports.reduce((total, report) => total + count(report), 0);
  const failedHandshakes = sum((report) => report.failedHandshakes + report.failedAccepts);
  const failedCalls = sum((report) => report.failedCalls);
  const failedTokens = sum((report) => report.failedTokens);
  const gapMs = Math.max(...reports.map((report) => report.longestGapMs));
  const outlived = reports.flatMap((report) => watch.outlived(report.tokenKeys)).length;
  const unfetched = reports.flatMap((report) => report.unfetchedAt);
  const unexplained = unfetched.filter(
    (atMs) => !disturbances.agentAway.some(({ fromMs, toMs }) => atMs >= fromMs && atMs <= toMs + RECONNECT_MS),
  ).length;
  const hasRotated = reports.every((report) => report.issuers > 2 && report.svids > report.issuers);
  return verdict(
    failedHandshakes === 0 &&
      failedCalls === 0 &&
      failedTokens === 0 &&
      gapMs === 0 &&
      outlived === 0 &&
      unexplained === 0 &&
      disturbances.forced > 0 &&
      disturbances.revoked > 0 &&
      hasRotated,
    [
      `${sum((report) => report.handshakes)} handshakes, ${failedHandshakes} failed`,
      `${sum((report) => report.calls)} calls, ${failedCalls} failed`,
      `${sum((report) => report.tokens)} tokens validated with the last pushed bundle, ${failedTokens} refused, ${outlived} outlived their key, ${unfetched.length} not to be had while the agent was away and ${unexplained} at another time`,
      `longest time without a valid SVID ${gapMs} ms`,
      `${reports.map((report) => report.svids).join(' and ')} SVIDs of ${reports.map((report) => report.issuers).join(' and ')} CAs`,
      `${watch.jwtKeys.size} JWT authorities`,
      `${disturbances.forced} authorities activated by hand, ${disturbances.revoked} tainted and revoked`,
      'server killed once and started anew once, agent started anew once',
    ].join('; '),
  );
}
