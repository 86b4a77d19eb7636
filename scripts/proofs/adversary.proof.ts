import { readRows, tell, untilEntriesCount } from '../../test/support/authorization/matrix.ts';
import {
  FEDERATED_ADMIN,
  FOREIGN_TRUST_DOMAIN,
  MatrixDeployment,
} from '../../test/support/authorization/matrix-callers.ts';
import { type CallOutcome, callRaw, isDenied } from '../../test/support/authorization/raw-call.ts';
import { ours } from '../../test/support/programs.ts';
import { type ForgedIdentity, forgeIdentities } from './adversary/forged-identities.ts';
import { callResumed, collectSessions, TLS_VERSIONS } from './adversary/resumed-session.ts';
import { type Proof, SHORT, verdict } from './proof.ts';

/** In the short form most identities try only so many RPCs, each others. */
const SHORT_RPCS = 6;

const COUNT = '/spire.api.server.entry.v1.Entry/CountEntries';
const OPEN_TO_ALL = '/spire.api.server.bundle.v1.Bundle/GetBundle';

export const proof: Proof = {
  shows:
    'the CA of a federated domain forges identities of the server, its agents, admins and downstream servers: refused by every RPC, also on a resumed session, while its genuine admin is served',
  hasShortForm: true,
  async run(args) {
    await using deployment = await MatrixDeployment.open(ours);
    await untilEntriesCount(deployment);
    const forged = await forgeIdentities(deployment);
    const paths = readRows().map(({ path }) => path);
    const genuine = new GenuineAdmin(deployment);
    await genuine.call();
    let calls = 0;
    let letIn = 0;
    for (const [index, each] of forged.entries()) {
      const tried = args.includes(SHORT) && index > 0 ? pick(paths, index) : paths;
      const outcomes = await tryForged(deployment, each, tried);
      const breaches = outcomes.filter(({ path, outcome }) => !isRefused(path, outcome));
      for (const { path, outcome } of breaches) console.log(`LET IN: ${each.name}, ${path}: ${tell(outcome)}`);
      calls += outcomes.length;
      letIn += breaches.length;
      if (index % 20 === 0) await genuine.call();
    }
    console.log(`${forged.length} forged identities, ${calls} calls, ${letIn} let in`);
    const resumed = await tryResumption(deployment, forged);
    await genuine.call();
    const isWithdrawn = await withdraw(deployment);
    return verdict(
      letIn === 0 && resumed.reused + resumed.letIn === 0 && genuine.refused === 0 && isWithdrawn,
      `${forged.length} forged identities, ${calls} calls of ${paths.length} RPCs: ${letIn} let in; ` +
        `${resumed.sessions} TLS sessions of the genuine admin offered again in ${resumed.attempts} connections: ${resumed.reused} resumed, ${resumed.letIn} let in; ` +
        `genuine federated admin: served ${genuine.served} of ${genuine.served + genuine.refused} times, and ${isWithdrawn ? 'not any more' : 'STILL'} without the bundle`,
    );
  },
};

/** The admin whom the configuration names, with a certificate of its own CA. */
class GenuineAdmin {
  readonly #deployment: MatrixDeployment;
  served = 0;
  refused = 0;

  constructor(deployment: MatrixDeployment) {
    this.#deployment = deployment;
  }

  async call(): Promise<void> {
    const identity = await this.#deployment.foreign.issue({ uris: [FEDERATED_ADMIN] });
    await using client = this.#deployment.connectAs(identity);
    const outcome = await callRaw(client, COUNT);
    if (outcome.code === 'OK') this.served += 1;
    else this.refused += 1;
  }
}

/** A connection that is refused takes all its calls with it, so that each RPC gets one of its own. */
async function tryForged(
  deployment: MatrixDeployment,
  { identity }: ForgedIdentity,
  paths: readonly string[],
): Promise<{ path: string; outcome: CallOutcome }[]> {
  const outcomes: { path: string; outcome: CallOutcome }[] = [];
  for (const path of paths) {
    await using client = deployment.connectAs(identity);
    outcomes.push({ path, outcome: await callRaw(client, path, { timeoutMs: 20_000 }) });
  }
  return outcomes;
}

/** By the handshake, by the look at the certificate, or by the table. An answer to what is open to all is a breach too. */
function isRefused(path: string, outcome: CallOutcome): boolean {
  return outcome.code === 'Unavailable' || outcome.code === 'Unauthenticated' || isDenied(outcome, path);
}

/** Offers the sessions of the genuine admin again: without a certificate and with forged ones. */
async function tryResumption(deployment: MatrixDeployment, forged: readonly ForgedIdentity[]) {
  const { port } = deployment.deployment;
  const admin = await deployment.foreign.issue({ uris: [FEDERATED_ADMIN] });
  const count = { sessions: 0, attempts: 0, reused: 0, letIn: 0 };
  for (const version of TLS_VERSIONS) {
    const sessions = await collectSessions(port, admin, version);
    console.log(`${version}: the server gave ${sessions.length} sessions that could be offered again`);
    count.sessions += sessions.length;
    for (const session of sessions) {
      for (const identity of [undefined, ...forged.slice(0, 12).map((each) => each.identity)]) {
        for (const path of identity === undefined ? [COUNT] : [COUNT, OPEN_TO_ALL]) {
          const { wasResumed, status } = await callResumed(port, path, { session, identity, version });
          count.attempts += 1;
          if (wasResumed) count.reused += 1;
          if (status === 0) count.letIn += 1;
        }
      }
    }
  }
  return count;
}

/** Without its bundle the server lets the admin in no more, also not over a session of before. */
async function withdraw(deployment: MatrixDeployment): Promise<boolean> {
  const { port } = deployment.deployment;
  const admin = await deployment.foreign.issue({ uris: [FEDERATED_ADMIN] });
  const sessions = await Promise.all(
    TLS_VERSIONS.map(async (version) => ({ version, sessions: await collectSessions(port, admin, version) })),
  );
  await deployment.deployment.server('bundle', 'delete', '-id', `spiffe://${FOREIGN_TRUST_DOMAIN}`);
  const statuses: (number | undefined)[] = [];
  for (const { version, sessions: held } of sessions) {
    for (const session of held) {
      statuses.push((await callResumed(port, COUNT, { session, identity: admin, version })).status);
    }
  }
  await using client = deployment.connectAs(admin);
  const outcome = await callRaw(client, COUNT);
  return outcome.code === 'Unavailable' && statuses.every((status) => status === undefined);
}

function pick(paths: readonly string[], index: number): readonly string[] {
  return Array.from({ length: SHORT_RPCS }, (_, step) => paths[(index * SHORT_RPCS + step) % paths.length] ?? COUNT);
}
