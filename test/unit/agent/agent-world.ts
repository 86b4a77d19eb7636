import { writeFileSync } from 'node:fs';
import { Agent } from '../../../src/lib/agent/agent.ts';
import { AGENT_FLAGS } from '../../../src/lib/config/agent/agent-flags.ts';
import { loadAgentConfig } from '../../../src/lib/config/agent/load-agent-config.ts';
import { defaultFlagValues } from '../../../src/lib/config/config-flag.ts';
import { RpcClient } from '../../../src/lib/rpc/client.ts';
import type { Clock } from '../../../src/lib/runtime/clock.ts';
import { DaemonLogger } from '../../../src/lib/runtime/logger.ts';
import {
  HealthCheckResponse_ServingStatus,
  HealthDefinition,
} from '../../../src/lib/wire/gen/grpc/health/v1/health.ts';
import { SpiffeWorkloadAPIDefinition, type X509SVIDResponse } from '../../../src/lib/wire/gen/workload.ts';
import { type StandInOptions, StandInServer } from './stand-in-server.ts';
import { TestFolder, WatchedLog } from './support.ts';
import { WatchedClock } from './watched-clock.ts';

const HEADER = { metadata: { 'workload.spiffe.io': 'true' } };

/** Of the agent, without jitter: as usual, and after one failure or two. */
const ROUND_INTERVALS_MS = [5000, 7500, 11_250];
const LEAST_PAUSE_MS = 100;

/** How an agent of an {@link AgentWorld} is configured. */
export interface AgentOverrides {
  /** Further keys of the block `agent`. */
  readonly keys?: string;
  readonly token?: string | undefined;
  /** What says whom to trust. */
  readonly trust?: string;
  readonly keyManager?: string;
}

/** How the world of an agent is. */
export type AgentWorldOptions = Omit<StandInOptions, 'clock'> & { readonly serverAheadMs?: number };

/** A stand-in server, and agents of it on one data folder, on a clock that the test moves. */
export class AgentWorld implements AsyncDisposable {
  readonly clock: WatchedClock;
  readonly server: StandInServer;
  readonly folder: TestFolder;
  readonly #resources: AsyncDisposableStack;

  private constructor(clock: WatchedClock, server: StandInServer, folder: TestFolder, resources: AsyncDisposableStack) {
    this.clock = clock;
    this.server = server;
    this.folder = folder;
    this.#resources = resources;
  }

  /** @param options.serverAheadMs by how much the wall clock of the server is ahead of the agents' */
  static async open({ serverAheadMs = 0, ...options }: AgentWorldOptions = {}): Promise<AgentWorld> {
    const clock = new WatchedClock();
    const resources = new AsyncDisposableStack();
    const folder = resources.use(new TestFolder());
    const server = resources.use(await StandInServer.open({ ...options, clock: ahead(clock, serverAheadMs) }));
    writeFileSync(folder.file('bundle.pem'), server.bundlePem);
    return new AgentWorld(clock, server, folder, resources);
  }

  get socketPath(): string {
    return this.folder.file('pub/api.sock');
  }

  /** Resolves when the agent has ended its round and waits for the next one; with how long it will wait. */
  async betweenRounds(): Promise<number> {
    for (;;) {
      const waitMs = await this.clock.untilAwaited(...ROUND_INTERVALS_MS, LEAST_PAUSE_MS);
      if (waitMs !== LEAST_PAUSE_MS) return waitMs;
      this.clock.advance(LEAST_PAUSE_MS);
    }
  }

  /** Has the agent ask the server, and resolves when it has dealt with the answers. */
  async nextRound(): Promise<void> {
    this.clock.advance(await this.betweenRounds());
    await this.betweenRounds();
  }

  /** Starts an agent, in which the test then has a say. */
  async start(overrides: AgentOverrides = {}): Promise<RunningAgent> {
    return await RunningAgent.start(this, overrides);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#resources.disposeAsync();
  }
}

/** An agent that is being started or runs. */
export class RunningAgent implements AsyncDisposable {
  readonly log = new WatchedLog();
  /** Settles with the end of the agent: undefined, or what it failed with. */
  readonly ended: Promise<unknown>;
  readonly #stop = new AbortController();
  readonly #world: AgentWorld;
  readonly #ready = Promise.withResolvers<void>();

  private constructor(world: AgentWorld, run: (agent: RunningAgent, signal: AbortSignal) => Promise<void>) {
    this.#world = world;
    this.ended = run(this, this.#stop.signal).then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  static async start(world: AgentWorld, overrides: AgentOverrides): Promise<RunningAgent> {
    const config = await loadConfig(world, overrides);
    return new RunningAgent(world, async (self, signal) => {
      const { clock } = world;
      const log = new DaemonLogger({ output: self.log, clock, level: 'debug' });
      await using agent = await Agent.open(config, { clock, log, version: 'test-1', random: () => 0.5, signal });
      self.#ready.resolve();
      await agent.run({ signal });
    });
  }

  /** Resolves when workloads can connect; rejects if the agent ended before. */
  async ready(): Promise<void> {
    const failure = await Promise.race([this.#ready.promise, this.ended]);
    if (failure !== undefined) throw failure;
  }

  /** A client of its Workload API. */
  client(): RpcClient {
    return new RpcClient({ kind: 'unix', path: this.#world.socketPath });
  }

  /** The updates of this process's X509-SVIDs. */
  watch(client: RpcClient): AsyncIterator<X509SVIDResponse> {
    return client.serverStream(SpiffeWorkloadAPIDefinition, 'fetchX509SVID', {}, HEADER)[Symbol.asyncIterator]();
  }

  /** Whether it says of itself that it can do its work. */
  async isReady(): Promise<boolean> {
    await using client = this.client();
    const { status } = await client.unary(HealthDefinition, 'check', { service: '' });
    return status === HealthCheckResponse_ServingStatus.SERVING;
  }

  /** One answer to FetchX509SVID. */
  async fetch(): Promise<X509SVIDResponse> {
    await using client = this.client();
    const { value } = await this.watch(client).next();
    return value;
  }

  /** One answer to FetchJWTSVID: the tokens. */
  async fetchJwt(audience: string): Promise<string[]> {
    await using client = this.client();
    const request = { audience: [audience], spiffeId: '' };
    const { svids } = await client.unary(SpiffeWorkloadAPIDefinition, 'fetchJWTSVID', request, HEADER);
    return svids.map(({ svid }) => svid);
  }

  /** Ends the agent and waits for that. */
  async stop(): Promise<unknown> {
    this.#stop.abort();
    return await this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function ahead(clock: Clock, byMs: number): Clock {
  return {
    nowMs: () => clock.nowMs() + byMs,
    monotonicMs: () => clock.monotonicMs(),
    schedule: (delayMs, callback, options) => clock.schedule(delayMs, callback, options),
  };
}

async function loadConfig(world: AgentWorld, overrides: AgentOverrides) {
  const { folder, server, socketPath } = world;
  const { token = 'token', trust = `trust_bundle_path = "${folder.file('bundle.pem')}"` } = overrides;
  const keyManager =
    overrides.keyManager ?? `KeyManager "disk" { plugin_data { directory = "${folder.file('data')}" } }`;
  writeFileSync(
    folder.file('agent.conf'),
    `agent {
      data_dir = "${folder.file('data')}"
      trust_domain = "example.org"
      server_address = "127.0.0.1"
      server_port = ${server.port}
      socket_path = "${socketPath}"
      admin_socket_path = "${folder.file('adm/admin.sock')}"
      ${token === '' ? '' : `join_token = "${token}"`}
      ${trust}
      ${overrides.keys ?? ''}
    }
    plugins {
      NodeAttestor "join_token" { plugin_data {} }
      ${keyManager}
      WorkloadAttestor "unix" { plugin_data {} }
    }`,
  );
  const flags = { ...defaultFlagValues(AGENT_FLAGS), config: folder.file('agent.conf') };
  return await loadAgentConfig({ flags, env: {}, cwd: folder.path });
}
