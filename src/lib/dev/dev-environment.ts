import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServerClient } from '../client/server-client.ts';
import type { AgentConfig } from '../config/agent/agent-config.ts';
import { AGENT_FLAGS } from '../config/agent/agent-flags.ts';
import { loadAgentConfig } from '../config/agent/load-agent-config.ts';
import { defaultFlagValues } from '../config/config-flag.ts';
import { loadServerConfig } from '../config/server/load-server-config.ts';
import type { ServerConfig } from '../config/server/server-config.ts';
import { SERVER_FLAGS } from '../config/server/server-flags.ts';
import { pemEncode } from '../crypto/pem.ts';
import type { Interceptor } from '../rpc/call-context.ts';
import { RpcError } from '../rpc/status.ts';
import type { Clock } from '../runtime/clock.ts';
import type { DaemonLogger } from '../runtime/logger.ts';
import { ResourceStack } from '../runtime/resource-stack.ts';
import { Server } from '../server/server.ts';
import { SpiffeId } from '../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../spiffe/trust-domain.ts';
import { x509AuthoritiesFromWire } from '../wire/convert/bundle.ts';
import { selectorsToWire } from '../wire/convert/selector.ts';
import { spiffeIdToWire } from '../wire/convert/spiffe-id.ts';
import { Entry } from '../wire/gen/spire/api/types/entry.ts';
import type { ChaosTarget } from './chaos-run.ts';
import type { DevIdentity } from './dev-identity.ts';
import { RunningAgent } from './running-agent.ts';

/** What a throwaway trust domain is made of. */
export interface DevEnvironmentOptions {
  readonly trustDomain: TrustDomain;
  /** Registered before the agent starts, so that their SVIDs are there when {@link DevEnvironment.open} resolves. */
  readonly identities: readonly DevIdentity[];
  /** Lifetime of X509-SVIDs in seconds; the server's default without it. */
  readonly x509SvidTtlSeconds?: number | undefined;
  /** Keeps the agent's keys in a file, so that it can be stopped and started again. Default false. */
  readonly keepsAgentKeys?: boolean | undefined;
  /** Runs around every call of the agent's public socket. */
  readonly interceptCalls?: Interceptor | undefined;
  readonly clock: Clock;
  readonly log: DaemonLogger;
  readonly version: string;
  readonly signal: AbortSignal;
}

/** The part of a socket's path that SPIRE's `-instance` templates call `%i`. */
const INSTANCE = 'dev';

/** SPIRE's default for join tokens, in seconds; the agent uses its own at once. */
const JOIN_TOKEN_TTL_SECONDS = 600;

/**
 * A server and an agent in this process, with private sockets in a temporary folder of mode 0700 that goes when it is
 * disposed of. The two attest and talk as they would on two machines. The caller sets the umask before.
 */
export class DevEnvironment implements AsyncDisposable, ChaosTarget {
  readonly folder: string;
  readonly #options: DevEnvironmentOptions;
  readonly #resources = new ResourceStack();
  #server: Server | undefined;
  #agentConfig: AgentConfig | undefined;
  #agent: RunningAgent | undefined;
  /** As the server keeps them. */
  #entries: readonly Entry[] = [];
  #areEntriesDeleted = false;

  private constructor(folder: string, options: DevEnvironmentOptions) {
    this.folder = folder;
    this.#options = options;
    this.#resources.defer(() => rm(folder, { recursive: true, force: true }));
    this.#resources.defer(() => this.stopServer());
    this.#resources.defer(() => this.stopAgent());
  }

  /** Resolves when the identities can be fetched. Errors: those of the server and the agent, and the signal's reason. */
  static async open(options: DevEnvironmentOptions): Promise<DevEnvironment> {
    const environment = new DevEnvironment(await mkdtemp(join(tmpdir(), 'spirekit-dev-')), options);
    try {
      await environment.#start();
      return environment;
    } catch (error) {
      await environment[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The socket of the Workload API. */
  get agentSocket(): string {
    return join(this.folder, INSTANCE, 'public/api.sock');
  }

  /** The private socket of the server's APIs. */
  get serverSocket(): string {
    return join(this.folder, INSTANCE, 'server/api.sock');
  }

  /** Variables by which SPIFFE libraries and SPIRE's commands find the sockets; the latter also with `-instance dev`. */
  get variables(): Readonly<Record<string, string>> {
    return {
      SPIFFE_ENDPOINT_SOCKET: `unix://${this.agentSocket}`,
      SPIRE_AGENT_PUBLIC_SOCKET_TEMPLATE: join(this.folder, '%i/public/api.sock'),
      SPIRE_AGENT_PUBLIC_SOCKET: this.agentSocket,
      SPIRE_SERVER_PRIVATE_SOCKET_TEMPLATE: join(this.folder, '%i/server/api.sock'),
      SPIRE_SERVER_PRIVATE_SOCKET: this.serverSocket,
    };
  }

  /** Stops the agent, then the server, and removes the folder. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#resources.disposeAsync();
  }

  /** Nobody serves the server's sockets any more; its data goes with the environment. */
  async stopServer(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await server?.[Symbol.asyncDispose]();
  }

  async stopAgent(): Promise<void> {
    const agent = this.#agent;
    this.#agent = undefined;
    await agent?.[Symbol.asyncDispose]();
  }

  /** Starts the agent, again if it was stopped before. Errors: those of the agent. */
  async startAgent(): Promise<void> {
    const { clock, log, version, signal, interceptCalls } = this.#options;
    if (this.#agentConfig === undefined || this.#agent !== undefined) return;
    const random = Math.random;
    this.#agent = await RunningAgent.open(this.#agentConfig, { clock, log, version, random, signal, interceptCalls });
  }

  /** Takes the identities away. Errors: `RpcError`, as the two below. */
  async deleteEntries(): Promise<void> {
    await using client = new ServerClient({ kind: 'unix', path: this.serverSocket });
    const ids = this.#entries.map(({ id }) => id);
    this.#areEntriesDeleted = true;
    refuseFailures(await client.entry.batchDeleteEntry({ ids }, { signal: this.#options.signal }));
  }

  /** Gives them back, under the IDs that they had. */
  async createEntries(): Promise<void> {
    await using client = new ServerClient({ kind: 'unix', path: this.serverSocket });
    await this.#create(client, this.#entries);
    this.#areEntriesDeleted = false;
  }

  /** An entry that was written anew, even with nothing new in it, is reason for an agent to fetch a new SVID. */
  async renewSvids(): Promise<boolean> {
    if (this.#areEntriesDeleted) return false;
    await using client = new ServerClient({ kind: 'unix', path: this.serverSocket });
    const request = { entries: [...this.#entries], inputMask: undefined, outputMask: undefined };
    refuseFailures(await client.entry.batchUpdateEntry(request, { signal: this.#options.signal }));
    return true;
  }

  async #create(client: ServerClient, entries: readonly Entry[]): Promise<void> {
    const request = { entries: [...entries], outputMask: undefined };
    const answer = await client.entry.batchCreateEntry(request, { signal: this.#options.signal });
    refuseFailures(answer);
    this.#entries = answer.results.flatMap(({ entry }) => entry ?? []);
  }

  async #start(): Promise<void> {
    const { clock, log, version, signal } = this.#options;
    await mkdir(join(this.folder, INSTANCE), { mode: 0o700 });
    const serverConfig = await this.#makeServerConfig(this.#options);
    this.#server = await Server.open(serverConfig, { clock, log, version, signal });
    const joinToken = await this.#register(this.#options);
    this.#agentConfig = await this.#makeAgentConfig(this.#options, this.#server.port, joinToken);
    await this.startAgent();
  }

  /** Registers the identities below the agent to come, and writes the bundle that it starts from; returns its token. */
  async #register({ trustDomain, identities, x509SvidTtlSeconds, signal }: DevEnvironmentOptions): Promise<string> {
    await using client = new ServerClient({ kind: 'unix', path: this.serverSocket });
    const bundle = await client.bundle.getBundle({ outputMask: undefined }, { signal });
    const authorities = x509AuthoritiesFromWire(bundle.x509Authorities);
    const pem = authorities.map(({ certificate }) => pemEncode('CERTIFICATE', certificate)).join('');
    await writeFile(join(this.folder, 'bootstrap.pem'), pem);
    const host = spiffeIdToWire(SpiffeId.fromPath(trustDomain, '/host'));
    const token = await client.agent.createJoinToken(
      { ttl: JOIN_TOKEN_TTL_SECONDS, token: '', agentId: host },
      { signal },
    );
    const entries = identities.map(({ id, selectors }) =>
      Entry.fromPartial({
        spiffeId: spiffeIdToWire(id),
        parentId: host,
        selectors: selectorsToWire(selectors),
        x509SvidTtl: x509SvidTtlSeconds ?? 0,
      }),
    );
    await this.#create(client, entries);
    return token.value;
  }

  /** A server on a free loopback port. */
  async #makeServerConfig({ trustDomain, signal }: DevEnvironmentOptions): Promise<ServerConfig> {
    const path = join(this.folder, 'server.json');
    const settings = {
      server: {
        bind_address: '127.0.0.1',
        bind_port: 1,
        trust_domain: trustDomain.name,
        data_dir: join(this.folder, 'server-data'),
        socket_path: this.serverSocket,
      },
      plugins: {
        DataStore: [
          {
            sql: {
              plugin_data: {
                database_type: 'sqlite3',
                connection_string: join(this.folder, 'server-data/datastore.sqlite3'),
              },
            },
          },
        ],
        KeyManager: [{ memory: { plugin_data: {} } }],
        NodeAttestor: [{ join_token: { plugin_data: {} } }],
      },
    };
    await writeFile(path, JSON.stringify(settings));
    const flags = { ...defaultFlagValues(SERVER_FLAGS), config: path };
    const config = await loadServerConfig({ flags, env: {}, cwd: this.folder, signal });
    // No file can ask for any free port: there, 0 stands for SPIRE's default.
    return { ...config, bindPort: 0 };
  }

  async #makeAgentConfig(
    { trustDomain, keepsAgentKeys, signal }: DevEnvironmentOptions,
    serverPort: number,
    joinToken: string,
  ): Promise<AgentConfig> {
    const path = join(this.folder, 'agent.json');
    const settings = {
      agent: {
        server_address: '127.0.0.1',
        server_port: serverPort,
        trust_domain: trustDomain.name,
        data_dir: join(this.folder, 'agent-data'),
        socket_path: this.agentSocket,
        trust_bundle_path: join(this.folder, 'bootstrap.pem'),
      },
      plugins: {
        KeyManager: [
          keepsAgentKeys === true
            ? { disk: { plugin_data: { directory: join(this.folder, 'agent-data') } } }
            : { memory: { plugin_data: {} } },
        ],
        NodeAttestor: [{ join_token: { plugin_data: {} } }],
        WorkloadAttestor: [{ unix: { plugin_data: {} } }],
      },
    };
    await writeFile(path, JSON.stringify(settings));
    const flags = { ...defaultFlagValues(AGENT_FLAGS), config: path, joinToken };
    return loadAgentConfig({ flags, env: {}, cwd: this.folder, signal });
  }
}

/** Of a batch, the first item that failed. */
function refuseFailures({
  results,
}: {
  readonly results: readonly { readonly status?: { readonly code: number; readonly message: string } | undefined }[];
}): void {
  for (const { status } of results) {
    if (status !== undefined && status.code !== 0) throw new RpcError(status.code, status.message);
  }
}
