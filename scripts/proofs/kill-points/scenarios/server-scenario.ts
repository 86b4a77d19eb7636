import { join } from 'node:path';
import { ServerClient } from '../../../../src/lib/client/server-client.ts';
import { SpirekitError } from '../../../../src/lib/runtime/errors.ts';
import { Deployment } from '../../../../test/support/deployment.ts';
import { SERVER_FILES } from '../../data-folder-files.ts';
import type { HeldProgram, KillScenario } from '../kill-scenario.ts';
import { RunningProgram } from '../running-program.ts';
import { SavedFolder } from '../saved-folder.ts';
import { readServerState, type ServerState } from '../server-state.ts';
import { checkKeys, checkModes } from '../state-files.ts';
import { ONE_POOL_THREAD, type ThreadRole } from '../tracer.ts';

/** The server that an act is done to. */
export interface ActedServer {
  readonly client: ServerClient;
  readonly deployment: Deployment;
}

/** Something that somebody has a running server do. */
export interface ServerAct {
  readonly name: string;
  readonly threads: readonly ThreadRole[];
  /** Once: brings the server to the state from which every run starts. */
  prepare(server: ActedServer): Promise<void>;
  /** Resolves with what the server acknowledged it by, such as an ID. */
  act(server: ActedServer, before: ServerState): Promise<string>;
  /**
   * Looks at the server after its restart; throws if something is lost or was done by half.
   *
   * @param acknowledged undefined if the act got no answer: then it may have been done, or not
   */
  check(server: ActedServer, states: ActStates, acknowledged: string | undefined): Promise<string> | string;
}

/** What could be seen of a server before the act, and after its restart. */
export interface ActStates {
  readonly before: ServerState;
  readonly after: ServerState;
}

/** A server that is killed while it does what it was asked to. */
export class ServerScenario implements KillScenario {
  readonly name: string;
  readonly folder: string;
  readonly threads: readonly ThreadRole[];
  readonly #deployment: Deployment;
  readonly #data: SavedFolder;
  readonly #act: ServerAct;

  private constructor(deployment: Deployment, act: ServerAct) {
    this.name = act.name;
    this.threads = act.threads;
    this.folder = join(deployment.folder, 'server-data');
    this.#deployment = deployment;
    this.#data = new SavedFolder(this.folder);
    this.#act = act;
  }

  static async open(act: ServerAct): Promise<ServerScenario> {
    const deployment = await Deployment.open({ serverSettings: 'ratelimit { attestation = false }' });
    const scenario = new ServerScenario(deployment, act);
    {
      await using client = scenario.#client();
      await act.prepare({ client, deployment });
    }
    await deployment.stopServer();
    scenario.#data.save();
    return scenario;
  }

  async hold(): Promise<HeldProgram> {
    const deployment = this.#deployment;
    this.#data.restore();
    const program = new RunningProgram(deployment.launchServer({ env: ONE_POOL_THREAD }));
    await deployment.serverListens();
    const client = this.#client();
    // Opens the connection too: what it takes is none of the act's doing.
    const before = await readServerState(client);
    let acknowledged: string | undefined;
    return {
      pid: program.pid,
      work: async () => {
        acknowledged = await this.#act.act({ client, deployment }, before).catch(ignoreLostConnection);
      },
      end: () => program.kill(),
      check: () => this.#check(before, acknowledged),
      [Symbol.asyncDispose]: async () => {
        await client[Symbol.asyncDispose]();
        await program.kill();
        await deployment.stopServer();
      },
    };
  }

  async #check(before: ServerState, acknowledged: string | undefined): Promise<string> {
    const deployment = this.#deployment;
    checkModes(this.folder, SERVER_FILES);
    checkKeys(this.folder);
    await deployment.startServer();
    await using client = this.#client();
    const after = await readServerState(client);
    return await this.#act.check({ client, deployment }, { before, after }, acknowledged);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#data[Symbol.dispose]();
    await this.#deployment[Symbol.asyncDispose]();
  }

  #client(): ServerClient {
    return new ServerClient({ kind: 'unix', path: this.#deployment.serverSocket });
  }
}

/** The answer that a killed server does not give. */
function ignoreLostConnection(error: unknown): undefined {
  if (SpirekitError.from(error).code === 'unavailable') return undefined;
  throw error;
}
