import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultFlagValues } from '../../../src/lib/config/config-flag.ts';
import { loadServerConfig } from '../../../src/lib/config/server/load-server-config.ts';
import type { ServerConfig } from '../../../src/lib/config/server/server-config.ts';
import { SERVER_FLAGS } from '../../../src/lib/config/server/server-flags.ts';
import { RpcClient, type RpcTlsOptions } from '../../../src/lib/rpc/client.ts';
import { DaemonLogger } from '../../../src/lib/runtime/logger.ts';
import { Server } from '../../../src/lib/server/server.ts';
import { AgentDefinition, CreateJoinTokenRequest } from '../../../src/lib/wire/gen/spire/api/server/agent/v1/agent.ts';
import type { SPIFFEID } from '../../../src/lib/wire/gen/spire/api/types/spiffeid.ts';
import { type AgentIdentity, attestAgent } from '../../support/attest-agent.ts';
import { ManualClock } from '../../support/manual-clock.ts';

/** What a server under test may be told beside the defaults. */
export interface ServerOptions {
  readonly changes?: Partial<ServerConfig>;
  readonly keyManager?: string;
}

/** A folder in which servers run, one after the other or side by side, on a clock that tests move. */
export class ServerHome implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'server-'));
  readonly clock: ManualClock;
  readonly logLines: string[] = [];
  readonly #resources = new AsyncDisposableStack();

  constructor(clock = new ManualClock()) {
    this.clock = clock;
  }

  get socketPath(): string {
    return join(this.folder, 'private', 'api.sock');
  }

  get keysPath(): string {
    return join(this.folder, 'data', 'keys.json');
  }

  async config({ changes = {}, keyManager }: ServerOptions = {}): Promise<ServerConfig> {
    const path = join(this.folder, 'server.conf');
    writeFileSync(
      path,
      `server {
        trust_domain = "example.org"
        bind_address = "127.0.0.1"
        socket_path = "${this.socketPath}"
        data_dir = "${join(this.folder, 'data')}"
        log_level = "debug"
      }
      plugins {
        DataStore "sql" { plugin_data { database_type = "sqlite3" connection_string = "${join(this.folder, 'data', 'datastore.sqlite3')}" } }
        ${keyManager ?? `KeyManager "disk" { plugin_data { keys_path = "${this.keysPath}" } }`}
        NodeAttestor "join_token" { plugin_data {} }
      }`,
    );
    const flags = { ...defaultFlagValues(SERVER_FLAGS), config: path };
    const config = await loadServerConfig({ flags, env: {}, cwd: this.folder });
    // The configuration knows no free port.
    return { ...config, bindPort: 0, ...changes };
  }

  /** Starts a server; it runs until it is disposed, at the latest with this home. */
  async start(options: ServerOptions = {}): Promise<Server> {
    const config = await this.config(options);
    const log = new DaemonLogger({
      output: { write: (line) => void this.logLines.push(line), reopen() {}, [Symbol.dispose]() {} },
      clock: this.clock,
      level: config.logLevel,
    });
    return this.#resources.use(await Server.open(config, { clock: this.clock, log, version: 'test' }));
  }

  /** A client on the private socket. */
  local(): RpcClient {
    return this.#resources.use(new RpcClient({ kind: 'unix', path: this.socketPath }));
  }

  /** A client on the TLS port; it believes any server unless told otherwise. */
  remote(server: Server, tls: Partial<RpcTlsOptions> = {}): RpcClient {
    return this.#resources.use(
      new RpcClient({ kind: 'tcp', host: '127.0.0.1', port: server.port, tls: { verifyServer: () => {}, ...tls } }),
    );
  }

  /** Attests an agent with a fresh join token; resolves with its ID and what it proves itself with. */
  async attest(server: Server): Promise<{ agentId: SPIFFEID; identity: AgentIdentity }> {
    await using local = this.local();
    const token = await local.unary(AgentDefinition, 'createJoinToken', CreateJoinTokenRequest.create({ ttl: 600 }));
    await using remote = this.remote(server);
    return await attestAgent(remote, token.value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
