import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Finished, ours, type Programs, type RunOptions, run } from './programs.ts';

/** What differs from the plain deployment of one server and one agent. */
export interface DeploymentOptions {
  /** The programs started as daemons; default: this checkout's. */
  readonly daemons?: Programs;
  /** The programs used as clients; default: this checkout's. */
  readonly clients?: Programs;
  /** Default `example.org`. */
  readonly trustDomain?: string;
  /** Of both daemons; default `DEBUG`. */
  readonly logLevel?: string;
  /** Lines added to the `server` block. */
  readonly serverSettings?: string;
  /** Where the server keeps its data; default: a folder below that of the deployment. */
  readonly serverDataDir?: string;
  /** The `KeyManager` block of the server; default: keys in a file below its data folder. */
  readonly keyManager?: string;
  /** More variables of the server's environment, at each start. */
  readonly serverEnv?: NodeJS.ProcessEnv;
  /** Lines of the `plugin_data` of the server's datastore; default: an SQLite file in its data folder. */
  readonly datastore?: string;
  /** The `NodeAttestor` block of the agent; default: `join_token`. */
  readonly agentNodeAttestor?: string;
  /** The loopback port at which the agent looks for a server; default: that of this deployment's. */
  readonly agentServerPort?: number;
  /** Lines added to the `agent` block. */
  readonly agentSettings?: string;
  /** Plugins added to the server's `plugins` block. */
  readonly serverPlugins?: string;
  /** Blocks added to the server's file, such as `telemetry { ... }`. */
  readonly serverBlocks?: string;
  /** Blocks added to the agent's file. */
  readonly agentBlocks?: string;
  /** Lines added to the `plugin_data` of the unix workload attestor. */
  readonly unixAttestor?: string;
}

/** How a daemon is started. */
export interface LaunchOptions {
  /** Read instead of the file with the deployment's configuration. */
  readonly configPath?: string;
  /** More variables of its environment. */
  readonly env?: NodeJS.ProcessEnv;
  /** Lines of the `server` block from now on, in place of those of the deployment. */
  readonly serverSettings?: string;
}

/**
 * A server and, when asked for, an agent as real processes in a temporary folder, with sockets of their own and a free
 * loopback port. Everything goes when it is disposed of.
 */
export class Deployment implements AsyncDisposable {
  readonly folder: string;
  readonly serverSocket: string;
  readonly agentSocket: string;
  readonly adminSocket: string;
  readonly serverDataDir: string;
  readonly trustDomain: string;
  readonly #options: DeploymentOptions;
  readonly #daemons: Programs;
  readonly #clients: Programs;
  #port = 0;
  #serverSettings: string;
  #server: ChildProcess | undefined;
  #agent: ChildProcess | undefined;

  private constructor(options: DeploymentOptions) {
    this.#options = options;
    this.#serverSettings = options.serverSettings ?? '';
    this.#daemons = options.daemons ?? ours;
    this.#clients = options.clients ?? ours;
    this.trustDomain = options.trustDomain ?? 'example.org';
    this.folder = mkdtempSync(join(tmpdir(), 'spirekit-'));
    chmodSync(this.folder, 0o755);
    this.serverSocket = join(this.folder, 'server/api.sock');
    this.agentSocket = join(this.folder, 'public/api.sock');
    this.adminSocket = join(this.folder, 'admin/admin.sock');
    this.serverDataDir = options.serverDataDir ?? join(this.folder, 'server-data');
  }

  /** Starts a server; the agent is started by {@link startAgent}. */
  static async open(options: DeploymentOptions = {}): Promise<Deployment> {
    const deployment = new Deployment(options);
    try {
      deployment.#port = await freePort();
      await deployment.startServer();
    } catch (error) {
      await deployment[Symbol.asyncDispose]();
      throw error;
    }
    return deployment;
  }

  /** The loopback port of the server's mTLS endpoint. */
  get port(): number {
    return this.#port;
  }

  /** The process id of the agent, if it runs. */
  get agentPid(): number | undefined {
    return this.#agent?.pid;
  }

  /** The process id of the server, if it runs. */
  get serverPid(): number | undefined {
    return this.#server?.pid;
  }

  /** Starts the server and waits for its socket. */
  async startServer(options: LaunchOptions = {}): Promise<void> {
    this.launchServer(options);
    await this.serverListens();
  }

  /** Starts the server and does not wait. Its configuration is in `server.conf`, wherever it is told to read it. */
  launchServer(options: LaunchOptions = {}): ChildProcess {
    this.#serverSettings = options.serverSettings ?? this.#serverSettings;
    const written = join(this.folder, 'server.conf');
    writeFileSync(written, this.#serverConfig());
    const args = ['run', '-config', options.configPath ?? written];
    const env = { ...this.#options.serverEnv, ...options.env };
    this.#server = this.#start(this.#daemons.server, args, 'server.log', env);
    return this.#server;
  }

  /** Resolves when the server can be called; rejects with the end of its log if it ends before. */
  async serverListens(): Promise<void> {
    if (this.#server === undefined) throw new Error('no server was started');
    await waitForSocket(this.serverSocket, this.#server, join(this.folder, 'server.log'));
  }

  /**
   * Starts the agent with a fresh join token that makes it `spiffe://<trust domain>/host`, and waits for its socket.
   * `token: false` starts one that was attested before. Returns the moment of its start, by `performance.now()`.
   */
  async startAgent(options: LaunchOptions & { token?: boolean } = {}): Promise<number> {
    const token = options.token === false ? undefined : await this.makeJoinToken();
    const started = performance.now();
    this.launchAgent({ ...options, token });
    await this.agentListens();
    return started;
  }

  /** Gives the agent the bundle of today to begin with. */
  async writeBootstrapBundle(): Promise<void> {
    const bundle = await this.server('bundle', 'show');
    writeFileSync(join(this.folder, 'bootstrap.crt'), bundle.stdout);
  }

  /** A fresh join token for an agent that will be `spiffe://<trust domain>/host`; the agent gets the bundle of today. */
  async makeJoinToken(): Promise<string> {
    await this.writeBootstrapBundle();
    const made = await this.server('token', 'generate', '-spiffeID', `spiffe://${this.trustDomain}/host`);
    const token = /Token: (\S+)/.exec(made.stdout)?.[1];
    if (token === undefined) throw new Error(`no join token: ${made.stdout}${made.stderr}`);
    return token;
  }

  /** Starts the agent and does not wait. Its configuration is in `agent.conf`, wherever it is told to read it. */
  launchAgent(options: LaunchOptions & { token?: string | undefined } = {}): ChildProcess {
    const written = join(this.folder, 'agent.conf');
    mkdirSync(join(this.folder, 'admin'), { recursive: true });
    writeFileSync(written, this.#agentConfig());
    const token = options.token === undefined ? [] : ['-joinToken', options.token];
    const args = ['run', '-config', options.configPath ?? written, ...token];
    this.#agent = this.#start(this.#daemons.agent, args, 'agent.log', options.env);
    return this.#agent;
  }

  /** Resolves when the agent can be called; rejects with the end of its log if it ends before. */
  async agentListens(): Promise<void> {
    if (this.#agent === undefined) throw new Error('no agent was started');
    await waitForSocket(this.agentSocket, this.#agent, join(this.folder, 'agent.log'));
  }

  /** Stops the agent with SIGTERM and returns its exit code. */
  async stopAgent(): Promise<number | null> {
    const agent = this.#agent;
    this.#agent = undefined;
    return stop(agent);
  }

  /** Stops the server with SIGTERM and returns its exit code. */
  async stopServer(): Promise<number | null> {
    const server = this.#server;
    this.#server = undefined;
    return stop(server);
  }

  /** Ends the agent with SIGKILL. */
  async killAgent(): Promise<void> {
    const agent = this.#agent;
    this.#agent = undefined;
    await kill(agent);
  }

  /** Ends the server with SIGKILL. */
  async killServer(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await kill(server);
  }

  /** Runs a command of `spire-server` on this server's socket. */
  server(...args: string[]): Promise<Finished> {
    return run(this.#clients.server, [...args, '-socketPath', this.serverSocket], { cwd: this.folder });
  }

  /** Runs a command of `spire-agent` on this agent's socket. */
  agent(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
    return run(this.#clients.agent, [...args, '-socketPath', this.agentSocket], { cwd: this.folder, ...options });
  }

  /** Runs a command of `spire-agent` on this agent's admin socket. */
  agentAdmin(...args: string[]): Promise<Finished> {
    return run(this.#clients.agent, [...args, '-socketPath', this.adminSocket], { cwd: this.folder });
  }

  /** Registers a workload below the agent of {@link startAgent}; returns the entry ID. */
  async createEntry(path: string, selectors: readonly string[], ...more: string[]): Promise<string> {
    const made = await this.server(
      ...['entry', 'create', '-spiffeID', `spiffe://${this.trustDomain}${path}`],
      ...['-parentID', `spiffe://${this.trustDomain}/host`],
      ...selectors.flatMap((selector) => ['-selector', selector]),
      ...more,
    );
    const id = /Entry ID\s*: (\S+)/.exec(made.stdout)?.[1];
    if (made.code !== 0 || id === undefined) throw new Error(`no entry: ${made.stdout}${made.stderr}`);
    return id;
  }

  /** What a daemon has logged so far. */
  log(which: 'server' | 'agent'): string {
    return readFileSync(join(this.folder, `${which}.log`), 'utf8');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopAgent();
    await this.stopServer();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #start(program: string, args: readonly string[], logName: string, env: NodeJS.ProcessEnv = {}): ChildProcess {
    const log = openSync(join(this.folder, logName), 'a');
    try {
      return spawn(program, args, {
        cwd: this.folder,
        env: { ...process.env, ...env },
        stdio: ['ignore', log, log],
      });
    } finally {
      closeSync(log);
    }
  }

  #serverConfig(): string {
    return `server {
  bind_address = "127.0.0.1"
  bind_port = "${this.#port}"
  socket_path = "${this.serverSocket}"
  trust_domain = "${this.trustDomain}"
  data_dir = "${this.serverDataDir}"
  log_level = "${this.#options.logLevel ?? 'DEBUG'}"
  ${this.#serverSettings}
}
plugins {
  DataStore "sql" {
    plugin_data {
      ${this.#options.datastore ?? `database_type = "sqlite3"\n      connection_string = "${this.serverDataDir}/datastore.sqlite3"`}
    }
  }
  ${this.#options.keyManager ?? `KeyManager "disk" { plugin_data { keys_path = "${this.serverDataDir}/keys.json" } }`}
  NodeAttestor "join_token" {
    plugin_data {}
  }
  ${this.#options.serverPlugins ?? ''}
}
${this.#options.serverBlocks ?? ''}
`;
  }

  #agentConfig(): string {
    return `agent {
  data_dir = "${this.folder}/agent-data"
  log_level = "${this.#options.logLevel ?? 'DEBUG'}"
  server_address = "127.0.0.1"
  server_port = "${this.#options.agentServerPort ?? this.#port}"
  socket_path = "${this.agentSocket}"
  admin_socket_path = "${this.adminSocket}"
  trust_bundle_path = "${this.folder}/bootstrap.crt"
  trust_domain = "${this.trustDomain}"
  ${this.#options.agentSettings ?? ''}
}
plugins {
  ${this.#options.agentNodeAttestor ?? 'NodeAttestor "join_token" {\n    plugin_data {}\n  }'}
  KeyManager "disk" {
    plugin_data {
      directory = "${this.folder}/agent-data"
    }
  }
  WorkloadAttestor "unix" {
    plugin_data {
      ${this.#options.unixAttestor ?? ''}
    }
  }
}
${this.#options.agentBlocks ?? ''}
`;
  }
}

/** Ports that the kernel gives to nobody by itself: one that a server has left for a moment is still free when it comes back. */
const PORTS = { first: 15_000, count: 17_000 };

/** A loopback TCP port that was free a moment ago. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = PORTS.first + randomInt(PORTS.count);
    if (await isFree(port)) return port;
  }
  throw new Error('no port is free');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.on('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

function canConnect(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

async function waitForSocket(path: string, daemon: ChildProcess, logPath: string): Promise<void> {
  const deadline = performance.now() + 40_000;
  while (performance.now() < deadline) {
    if (hasEnded(daemon)) break;
    if (await canConnect(path)) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`no daemon at ${path}:\n${readFileSync(logPath, 'utf8').slice(-2_000)}`);
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

function stop(daemon: ChildProcess | undefined): Promise<number | null> {
  if (daemon === undefined) return Promise.resolve(null);
  if (hasEnded(daemon)) return Promise.resolve(daemon.exitCode);
  return new Promise((resolve) => {
    const timer = setTimeout(() => daemon.kill('SIGKILL'), 20_000);
    daemon.on('exit', (code) => {
      clearTimeout(timer);
      resolve(code);
    });
    daemon.kill('SIGTERM');
  });
}

function kill(daemon: ChildProcess | undefined): Promise<void> {
  if (daemon === undefined || daemon.exitCode !== null || daemon.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    daemon.once('exit', () => resolve());
    daemon.kill('SIGKILL');
  });
}
