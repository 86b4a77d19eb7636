import { RpcClient } from '../../src/lib/rpc/client.ts';
import { BundleDefinition } from '../../src/lib/wire/gen/spire/api/server/bundle/v1/bundle.ts';
import { attestAgent } from '../../test/support/attest-agent.ts';
import { Deployment } from '../../test/support/deployment.ts';
import { type Random, seededRandom } from '../../test/support/mutate.ts';
import { whyNoPostgres } from '../../test/support/postgres-kit.ts';
import { PostgresServer } from '../../test/support/postgres-server.ts';
import { identities, untilIdentity } from '../../test/support/workload-caller.ts';
import { compareContents } from './acknowledged/compare.ts';
import { Ledger } from './acknowledged/ledger.ts';
import { LoadClient } from './acknowledged/load.ts';
import { isUsedUp } from './join-token-attempt.ts';
import { type Proof, SHORT, skipped, verdict } from './proof.ts';
import { seedFrom } from './seed.ts';
import { Forwarder } from './two-servers/forwarder.ts';
import { compareFacts, type SharedFacts, SharedLoadClient } from './two-servers/shared-load.ts';

const AGENTS = 100;
const TOKENS = 20;
const SHORT_TOKENS = 2;
const KILLS = 60;
const SHORT_KILLS = 3;

/** Moment of a kill, in milliseconds after the load began. */
const LATEST_MS = 1200;
/** One start in so many is killed too. */
const KILLED_STARTS = 4;
/** The other server must have acknowledged so many changes before the killed one is started again. */
const CHANGES_ALONE = 20;

const SETTINGS = `
  ca_ttl = "1h"
  agent_ttl = "60s"
  default_x509_svid_ttl = "20s"
  ratelimit {
    attestation = false
    signing = false
  }`;

export const proof: Proof = {
  shows: `two servers on one PostgreSQL: ${AGENTS} agents at once with one token, ${TOKENS} times, one gets in; one of the two killed with SIGKILL under load, ${KILLS} times: nothing acknowledged is lost or doubled`,
  hasShortForm: true,
  async run(args) {
    const reason = whyNoPostgres();
    if (reason !== undefined) return skipped(reason);
    const isShort = args.includes(SHORT);
    const seed = seedFrom(args);
    await using world = await World.open(seededRandom(seed));
    const tokens = isShort ? SHORT_TOKENS : TOKENS;
    for (let round = 1; round <= tokens; round += 1) await world.useTokenAtOnce();
    console.log(`${tokens} tokens, ${AGENTS} agents at once with each: ${world.ledger.problems.length} problems`);
    const kills = isShort ? SHORT_KILLS : KILLS;
    for (let round = 1; round <= kills; round += 1) {
      await world.killOne();
      if (round % 5 === 0) console.log(`${round} kills: ${world.summary()}`);
    }
    return verdict(
      world.ledger.problems.length === 0 && world.attested === tokens,
      `seed ${seed}: ${tokens} tokens, ${AGENTS} agents at once with each through both servers: ${world.attested} attested; ` +
        `${kills} kills, ${world.summary()}`,
    );
  },
};

/** Two servers on one database, an agent that reaches either, and everybody who calls them. */
class World implements AsyncDisposable {
  readonly ledger = new Ledger(console.log);
  attested = 0;
  readonly #facts: SharedFacts = { keyIds: new Set(), hints: new Map() };
  readonly #resources: AsyncDisposableStack;
  readonly #servers: readonly [Deployment, Deployment];
  readonly #forwarder: Forwarder;
  readonly #random: Random;
  readonly #clients: readonly (readonly LoadClient[])[];
  readonly #shared: readonly SharedLoadClient[];
  #killedStarts = 0;
  #fetches = 0;
  #kills = [0, 0];

  private constructor(
    resources: AsyncDisposableStack,
    servers: readonly [Deployment, Deployment],
    forwarder: Forwarder,
    random: Random,
  ) {
    this.#resources = resources;
    this.#servers = servers;
    this.#forwarder = forwarder;
    this.#random = random;
    const { ledger } = this;
    this.#clients = servers.map(({ serverSocket: socketPath, port }, at) =>
      [1, 2].map((index) => resources.use(new LoadClient(`load-${at}-${index}`, { socketPath, port, ledger, random }))),
    );
    const sockets = servers.map(({ serverSocket }) => serverSocket);
    this.#shared = [1, 2].map((index) =>
      resources.use(new SharedLoadClient(`shared-${index}`, { sockets, ledger, facts: this.#facts, random })),
    );
  }

  static async open(random: Random): Promise<World> {
    await using opening = new AsyncDisposableStack();
    const postgres = opening.use(await PostgresServer.open());
    const database = await postgres.createDatabase();
    const ports: number[] = [];
    const forwarder = opening.use(await Forwarder.open(ports));
    const options = {
      logLevel: 'INFO',
      serverSettings: SETTINGS,
      datastore: `database_type = "postgres"\nconnection_string = "${postgres.connectionString(database)}"`,
      agentServerPort: forwarder.port,
    };
    // Both at once, on an empty database.
    const [first, second] = await Promise.all([Deployment.open(options), Deployment.open(options)]);
    opening.use(first);
    opening.use(second);
    ports.push(first.port, second.port);
    const world = new World(opening.move(), [first, second], forwarder, random);
    await first.startAgent();
    const id = await second.createEntry('/web', [`unix:uid:${process.getuid?.() ?? 0}`]);
    world.ledger.entries.set(id, '/web');
    await untilIdentity(first.agentSocket, 'spiffe://example.org/web');
    await world.#compare();
    return world;
  }

  /** Agents with connections of their own, half of them to each server, use one token in the same moment. */
  async useTokenAtOnce(): Promise<void> {
    const [first, second] = this.#servers;
    const token = await first.makeJoinToken();
    const tls = { verifyServer: () => {} };
    await using clients = new AsyncDisposableStack();
    const agents = Array.from({ length: AGENTS }, (_, index) =>
      clients.use(
        new RpcClient({ kind: 'tcp', host: '127.0.0.1', port: (index % 2 === 0 ? first : second).port, tls }),
      ),
    );
    await Promise.all(agents.map((agent) => agent.unary(BundleDefinition, 'getBundle', { outputMask: undefined })));
    const outcomes = await Promise.allSettled(agents.map((agent) => attestAgent(agent, token)));
    const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    this.attested += AGENTS - reasons.length;
    if (reasons.length !== AGENTS - 1) this.ledger.complain(`${AGENTS - reasons.length} agents got in with one token`);
    for (const reason of reasons.filter((each) => !isUsedUp(each))) this.ledger.complain(String(reason));
    this.ledger.agents.set(`/spire/agent/join_token/${token}`, 'attested');
  }

  /** Kills one of the two while everybody calls both; the other one has to go on alone for a while. */
  async killOne(): Promise<void> {
    const at = this.#random(2);
    const victim = this.#servers[at];
    if (victim === undefined) return;
    this.#kills[at] = (this.#kills[at] ?? 0) + 1;
    await this.#underLoad(async () => {
      await pause(this.#random(LATEST_MS));
      await victim.killServer();
      const before = this.ledger.changes;
      const deadline = performance.now() + 30_000;
      while (this.ledger.changes < before + CHANGES_ALONE && performance.now() < deadline) await pause(5);
      if (this.ledger.changes < before + CHANGES_ALONE) this.ledger.complain('the other server did not go on');
      while (this.#random(KILLED_STARTS) === 0) {
        victim.launchServer();
        await pause(this.#random(900));
        await victim.killServer();
        this.#killedStarts += 1;
      }
      victim.launchServer();
      await victim.serverListens();
      await untilIdentity(this.#servers[0].agentSocket, 'spiffe://example.org/web');
    });
    await this.#compare();
    const attestations = this.#servers[0].log('agent').split('Starting node attestation').length - 1;
    if (attestations !== 1) this.ledger.complain(`the agent attested ${attestations} times`);
  }

  summary(): string {
    const { changes, roots, problems, usedTokens } = this.ledger;
    return (
      `${this.#kills.join(' and ')} of the two, ${this.#killedStarts} starts killed too, ${changes} changes acknowledged ` +
      `(${usedTokens.length} tokens used, ${this.#facts.keyIds.size} keys in the bundle), ${roots.size} roots, ` +
      `${this.#fetches} SVIDs fetched meanwhile, agent's connections ${this.#forwarder.counts.join(' and ')}, ` +
      `1 attestation of it: ${problems.length} contradictions`
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#resources.disposeAsync();
  }

  /** Both servers must say the same, and what was acknowledged. */
  async #compare(): Promise<void> {
    for (const { serverSocket } of this.#servers) {
      await using rpc = new RpcClient({ kind: 'unix', path: serverSocket });
      await compareContents(rpc, this.ledger);
      await compareFacts(rpc, this.#facts, this.ledger);
    }
  }

  async #underLoad(work: () => Promise<void>): Promise<void> {
    const controller = new AbortController();
    const { signal } = controller;
    const calling = Promise.all([
      ...this.#clients.flat().map((client) => runAgain(client, signal)),
      ...this.#shared.map((client) => client.run(signal)),
      this.#fetchSvids(signal),
    ]);
    try {
      await work();
    } finally {
      controller.abort();
      await calling;
    }
  }

  /** A workload that asks again and again. The agent has what it needs, so it must never be without. */
  async #fetchSvids(signal: AbortSignal): Promise<void> {
    await using client = new RpcClient({ kind: 'unix', path: this.#servers[0].agentSocket });
    while (!signal.aborted) {
      const ids = await identities(client);
      if (!ids.includes('spiffe://example.org/web')) this.ledger.complain('the workload was without its identity');
      this.#fetches += 1;
      await pause(5);
    }
  }
}

/** A client of one server ends when that is gone, and begins again when it is back. */
async function runAgain(client: LoadClient, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await client.run(signal);
    await pause(10);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
