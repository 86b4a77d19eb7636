import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseAgentData } from '../../../../src/lib/agent/storage/agent-data.ts';
import { ServerClient } from '../../../../src/lib/client/server-client.ts';
import { Deployment } from '../../../../test/support/deployment.ts';
import { AGENT_FILES } from '../../data-folder-files.ts';
import { HeldConfiguration } from '../held-configuration.ts';
import type { HeldProgram, KillScenario } from '../kill-scenario.ts';
import { RunningProgram } from '../running-program.ts';
import { readServerState } from '../server-state.ts';
import { checkAgentData, checkKeys, checkModes } from '../state-files.ts';
import { ONE_POOL_THREAD } from '../tracer.ts';

/** What the server says of a token that it has let somebody in by. */
const USED = 'has already been used';

/** The first start of an agent: its key, its attestation by a join token, its SVID and bundle. */
export class AgentFirstStartScenario implements KillScenario {
  readonly name = 'first start of an agent';
  readonly folder: string;
  readonly threads = ['main', 'pool'] as const;
  readonly #deployment: Deployment;

  private constructor(deployment: Deployment) {
    this.#deployment = deployment;
    this.folder = join(deployment.folder, 'agent-data');
  }

  static async open(): Promise<AgentFirstStartScenario> {
    return new AgentFirstStartScenario(await Deployment.open({ serverSettings: 'ratelimit { attestation = false }' }));
  }

  async hold(): Promise<HeldProgram> {
    const deployment = this.#deployment;
    rmSync(this.folder, { recursive: true, force: true });
    const token = await deployment.makeJoinToken();
    const held = await HeldConfiguration.create(join(deployment.folder, 'held.conf'));
    const program = new RunningProgram(deployment.launchAgent({ configPath: held.path, token, env: ONE_POOL_THREAD }));
    await held.isReachedBy(program);
    return {
      pid: program.pid,
      work: async () => {
        held.release(readFileSync(join(deployment.folder, 'agent.conf'), 'utf8'));
        await deployment.agentListens().catch(() => program.ended);
      },
      end: () => program.kill(),
      check: () => this.#check(token),
      [Symbol.asyncDispose]: async () => {
        held[Symbol.dispose]();
        await program.kill();
        await deployment.stopAgent();
      },
    };
  }

  async #check(token: string): Promise<string> {
    const deployment = this.#deployment;
    checkModes(this.folder, AGENT_FILES);
    checkKeys(this.folder);
    const left = checkAgentData(this.folder);
    const hasSvid = left !== undefined && parseAgentData(left).svid.length > 0;
    const isUsed = (await this.#agents()).includes(`/spire/agent/join_token/${token}`);
    if (hasSvid && !isUsed) throw new Error('the agent has an SVID, and the server does not know the agent');
    if (isUsed && !hasSvid) {
      await this.#failsWith(USED, token);
      // Two parties cannot agree in one step: the answer was on its way. The operator makes another token.
      await deployment.startAgent();
      return 'token used, SVID lost on its way: a new token is needed';
    }
    deployment.launchAgent({ token });
    await deployment.agentListens();
    return hasSvid ? 'SVID kept' : 'token unused';
  }

  async #agents(): Promise<readonly string[]> {
    await using client = new ServerClient({ kind: 'unix', path: this.#deployment.serverSocket });
    return (await readServerState(client)).agents;
  }

  /** An agent with such a token goes on trying for a while. */
  async #failsWith(words: string, token: string): Promise<void> {
    const deployment = this.#deployment;
    const said = deployment.log('agent').length;
    const program = new RunningProgram(deployment.launchAgent({ token }));
    while (!deployment.log('agent').slice(said).includes(words)) {
      if (existsSync(join(this.folder, 'agent-data.json'))) throw new Error('a used token let an agent in');
      if (program.hasEnded) throw new Error('the agent ended without saying what is wrong with its token');
      await wait(10);
    }
    await program.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#deployment[Symbol.asyncDispose]();
  }
}
