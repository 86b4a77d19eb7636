import { join } from 'node:path';
import { localAuthorityClient } from '../../src/lib/client/local-authority-client.ts';
import { RpcClient } from '../../src/lib/rpc/client.ts';
import { SpiffeWorkloadAPIDefinition } from '../../src/lib/wire/gen/workload.ts';
import { Deployment } from '../../test/support/deployment.ts';
import { type Random, seededRandom } from '../../test/support/mutate.ts';
import { identities, untilIdentity } from '../../test/support/workload-caller.ts';
import { compareWithLedger } from './acknowledged/compare.ts';
import { Ledger } from './acknowledged/ledger.ts';
import { LoadClient } from './acknowledged/load.ts';
import { lookAtStateFiles } from './acknowledged/state-files.ts';
import { type Proof, SHORT, verdict } from './proof.ts';
import { seedFrom } from './seed.ts';

const KILLS = 50;
const SHORT_KILLS = 5;
const CLIENTS = 4;

/** Moments of a kill, in milliseconds after the load began, or after a start began. */
const LATEST_MS = 1200;
const LATEST_IN_START_MS = 900;
/** One start in so many is killed too. */
const KILLED_STARTS = 4;

/** An authority is prepared, and two rounds later active. */
const ROTATE_EVERY = 4;

const SETTINGS = `
  ca_ttl = "1h"
  agent_ttl = "60s"
  default_x509_svid_ttl = "20s"
  ratelimit {
    attestation = false
    signing = false
  }`;

export const proof: Proof = {
  shows: `server and agent killed with SIGKILL ${KILLS} times each under load, at random moments: nothing acknowledged is lost`,
  hasShortForm: true,
  async run(args) {
    const kills = args.includes(SHORT) ? SHORT_KILLS : KILLS;
    const seed = seedFrom(args);
    await using deployment = await Deployment.open({ logLevel: 'INFO', serverSettings: SETTINGS });
    await using trial = new Trial(deployment, seededRandom(seed));
    await trial.begin();
    for (let round = 1; round <= kills; round += 1) {
      await trial.killServer(round);
      await trial.killAgent();
      if (round % 5 === 0) console.log(`${round} kills each: ${trial.summary()}`);
    }
    return verdict(trial.ledger.problems.length === 0, `seed ${seed}: ${kills} kills each, ${trial.summary()}`);
  },
};

/** A deployment under load whose daemons are killed, and held against what they had acknowledged. */
class Trial implements AsyncDisposable {
  readonly ledger = new Ledger(console.log);
  readonly #deployment: Deployment;
  readonly #random: Random;
  readonly #clients: readonly LoadClient[];
  #killedStarts = 0;
  #mostLeftovers = 0;
  #fetches = 0;

  constructor(deployment: Deployment, random: Random) {
    this.#deployment = deployment;
    this.#random = random;
    const { serverSocket: socketPath, port } = deployment;
    this.#clients = Array.from(
      { length: CLIENTS },
      (_, index) => new LoadClient(`client-${index}`, { socketPath, port, ledger: this.ledger, random }),
    );
  }

  async begin(): Promise<void> {
    const deployment = this.#deployment;
    await deployment.startAgent();
    const id = await deployment.createEntry('/web', [`unix:uid:${process.getuid?.() ?? 0}`]);
    this.ledger.entries.set(id, '/web');
    await untilIdentity(deployment.agentSocket, 'spiffe://example.org/web');
    await compareWithLedger(deployment.serverSocket, this.ledger);
  }

  /** Kills the server while everybody calls it, and perhaps once more while it starts; then looks at everything. */
  async killServer(round: number): Promise<void> {
    const deployment = this.#deployment;
    await this.#underLoad(async () => {
      const rotation = this.#rotate(round).catch(() => undefined);
      await pause(this.#random(LATEST_MS));
      await deployment.killServer();
      await rotation;
    });
    await this.#restart(
      () => deployment.launchServer(),
      () => deployment.killServer(),
    );
    await deployment.serverListens();
    await compareWithLedger(deployment.serverSocket, this.ledger);
    this.#lookAtFiles();
  }

  /** Kills the agent while everybody calls, and perhaps once more while it starts; then looks at everything. */
  async killAgent(): Promise<void> {
    const deployment = this.#deployment;
    await this.#underLoad(async () => {
      await pause(this.#random(LATEST_MS));
      await deployment.killAgent();
    });
    await this.#restart(
      () => deployment.launchAgent(),
      () => deployment.killAgent(),
    );
    await deployment.agentListens();
    await untilIdentity(deployment.agentSocket, 'spiffe://example.org/web');
    const attestations = deployment.log('agent').split('Starting node attestation').length - 1;
    if (attestations !== 1) this.ledger.complain(`the agent attested ${attestations} times`);
    this.#lookAtFiles();
  }

  summary(): string {
    const { changes, roots, problems, usedTokens } = this.ledger;
    return (
      `${this.#killedStarts} starts killed too, ${changes} changes acknowledged (${usedTokens.length} tokens used), ` +
      `${this.#fetches} SVIDs fetched meanwhile, ${roots.size} roots kept, 1 attestation of the agent, ` +
      `at most ${this.#mostLeftovers} temporary files: ${problems.length} contradictions`
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) await client[Symbol.asyncDispose]();
  }

  /** Lets everybody call while the work goes on; resolves when all are at rest. */
  async #underLoad(work: () => Promise<void>): Promise<void> {
    const controller = new AbortController();
    const calling = Promise.all([
      ...this.#clients.map((client) => client.run(controller.signal)),
      this.#fetchSvids(controller.signal),
    ]);
    try {
      await work();
    } finally {
      controller.abort();
      await calling;
    }
  }

  /** A workload that asks again and again; the agent may be gone. */
  async #fetchSvids(signal: AbortSignal): Promise<void> {
    await using client = new RpcClient({ kind: 'unix', path: this.#deployment.agentSocket });
    while (!signal.aborted) {
      const ids = await identities(client).catch((): string[] => []);
      if (ids.length > 0) this.#fetches += 1;
      else await pause(5);
    }
  }

  async #restart(launch: () => unknown, kill: () => Promise<void>): Promise<void> {
    while (this.#random(KILLED_STARTS) === 0) {
      launch();
      await pause(this.#random(LATEST_IN_START_MS));
      await kill();
      this.#killedStarts += 1;
    }
    launch();
  }

  /** In some rounds an authority is prepared, in later ones it takes over, while the kill comes. */
  async #rotate(round: number): Promise<void> {
    const { ledger } = this;
    await using rpc = new RpcClient({ kind: 'unix', path: this.#deployment.serverSocket });
    const authorities = localAuthorityClient(rpc);
    if (round % ROTATE_EVERY === 1) {
      ledger.preparedAuthority = undefined;
      const { preparedAuthority } = await authorities.prepareX509Authority({});
      ledger.preparedAuthority = preparedAuthority?.authorityId;
      ledger.acknowledge('socket');
    } else if (round % ROTATE_EVERY === 3) {
      const authorityId = ledger.preparedAuthority;
      // An agent that was away would not know the server any more.
      if (authorityId === undefined || !(await this.#agentKnowsAllRoots())) return;
      ledger.preparedAuthority = undefined;
      ledger.activeAuthority = undefined;
      const { activatedAuthority } = await authorities.activateX509Authority({ authorityId });
      ledger.activeAuthority = activatedAuthority?.authorityId;
      ledger.acknowledge('socket');
    }
  }

  async #agentKnowsAllRoots(): Promise<boolean> {
    await using client = new RpcClient({ kind: 'unix', path: this.#deployment.agentSocket });
    const metadata = { 'workload.spiffe.io': 'true' };
    for await (const { bundles } of client.serverStream(
      SpiffeWorkloadAPIDefinition,
      'fetchX509Bundles',
      {},
      { metadata },
    )) {
      const known = Object.values(bundles)
        .map((bundle) => Buffer.from(bundle).toString('hex'))
        .join();
      return [...this.ledger.roots].every((root) => known.includes(root));
    }
    return false;
  }

  #lookAtFiles(): void {
    const { serverDataDir, folder } = this.#deployment;
    const { problems, leftovers } = lookAtStateFiles(serverDataDir, join(folder, 'agent-data'));
    for (const problem of problems) this.ledger.complain(problem);
    this.#mostLeftovers = Math.max(this.#mostLeftovers, leftovers);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
