import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ServerClient } from '../../../../src/lib/client/server-client.ts';
import { Deployment } from '../../../../test/support/deployment.ts';
import { SERVER_FILES } from '../../data-folder-files.ts';
import { HeldConfiguration } from '../held-configuration.ts';
import type { HeldProgram, KillScenario } from '../kill-scenario.ts';
import { RunningProgram } from '../running-program.ts';
import { readServerState } from '../server-state.ts';
import { checkKeys, checkModes } from '../state-files.ts';
import { ONE_POOL_THREAD } from '../tracer.ts';

/** The first start of a server, up to an operator's `bundle show`: database, keys, journal, bundle. */
export class ServerFirstStartScenario implements KillScenario {
  readonly name = 'first start of a server';
  readonly folder: string;
  readonly threads = ['main', 'pool'] as const;
  readonly #deployment: Deployment;

  private constructor(deployment: Deployment) {
    this.#deployment = deployment;
    this.folder = join(deployment.folder, 'server-data');
  }

  static async open(): Promise<ServerFirstStartScenario> {
    const deployment = await Deployment.open();
    await deployment.stopServer();
    return new ServerFirstStartScenario(deployment);
  }

  async hold(): Promise<HeldProgram> {
    const deployment = this.#deployment;
    rmSync(this.folder, { recursive: true, force: true });
    rmSync(deployment.serverSocket, { force: true });
    const held = await HeldConfiguration.create(join(deployment.folder, 'held.conf'));
    const program = new RunningProgram(deployment.launchServer({ configPath: held.path, env: ONE_POOL_THREAD }));
    await held.isReachedBy(program);
    let shown: string | undefined;
    return {
      pid: program.pid,
      work: async () => {
        held.release(readFileSync(join(deployment.folder, 'server.conf'), 'utf8'));
        await deployment.serverListens().catch(async () => program.ended);
        const answer = await deployment.server('bundle', 'show');
        if (answer.code === 0) shown = answer.stdout;
      },
      end: () => program.kill(),
      check: () => this.#check(shown),
      [Symbol.asyncDispose]: async () => {
        held[Symbol.dispose]();
        await program.kill();
        await deployment.stopServer();
      },
    };
  }

  async #check(shown: string | undefined): Promise<string> {
    const deployment = this.#deployment;
    checkModes(this.folder, SERVER_FILES);
    const left = checkKeys(this.folder);
    const root = await this.#restart();
    if (shown !== undefined && root !== shown) throw new Error('the root that was shown is no longer the one');
    await deployment.stopServer();
    if ((await this.#restart()) !== root) throw new Error('the next start changes the root');
    if (left === undefined) return 'no keys';
    return checkKeys(this.folder) === left ? 'keys kept' : 'keys made anew';
  }

  /** Starts it with everything in its place; returns the bundle, which has one root and one JWT key. */
  async #restart(): Promise<string> {
    const deployment = this.#deployment;
    await deployment.startServer();
    await using client = new ServerClient({ kind: 'unix', path: deployment.serverSocket });
    const state = await readServerState(client);
    // F1: no orphan of a root that was made and never used.
    if (state.roots.size !== 1 || state.jwtKeys.size !== 1) {
      throw new Error(`${state.roots.size} roots and ${state.jwtKeys.size} JWT keys`);
    }
    return (await deployment.server('bundle', 'show')).stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#deployment[Symbol.asyncDispose]();
  }
}
