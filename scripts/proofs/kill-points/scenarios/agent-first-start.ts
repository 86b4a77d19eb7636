import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
  readonly name: string;
  readonly folder: string;
  readonly threads = ['main', 'pool'] as const;
  readonly #deployment: Deployment;
  readonly #isInsecure: boolean;
  /** Its configuration. */
  readonly #configPath: string;

  private constructor(deployment: Deployment, isInsecure: boolean) {
    this.name = `first start of an agent${isInsecure ? ' that trusts whoever answers' : ''}`;
    this.#deployment = deployment;
    this.#isInsecure = isInsecure;
    this.#configPath = join(deployment.folder, 'first-start.conf');
    this.folder = join(deployment.folder, 'agent-data');
  }

  /** @param options `isInsecure`: it is configured with no bundle */
  static async open({ isInsecure = false } = {}): Promise<AgentFirstStartScenario> {
    const deployment = await Deployment.open({ serverSettings: 'ratelimit { attestation = false }' });
    return new AgentFirstStartScenario(deployment, isInsecure);
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
        held.release(this.#writeConfiguration());
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
      deployment.launchAgent({ token: await deployment.makeJoinToken(), configPath: this.#configPath });
      await deployment.agentListens();
      return 'token used, SVID lost on its way: a new token is needed';
    }
    deployment.launchAgent({ token, configPath: this.#configPath });
    await deployment.agentListens();
    return hasSvid ? 'SVID kept' : 'token unused';
  }

  /** Of what the deployment wrote when the agent was launched. */
  #writeConfiguration(): string {
    const text = readFileSync(join(this.#deployment.folder, 'agent.conf'), 'utf8');
    const own = this.#isInsecure ? text.replace(/trust_bundle_path = .*/, 'insecure_bootstrap = true') : text;
    writeFileSync(this.#configPath, own);
    return own;
  }

  async #agents(): Promise<readonly string[]> {
    await using client = new ServerClient({ kind: 'unix', path: this.#deployment.serverSocket });
    return (await readServerState(client)).agents;
  }

  /** An agent with such a token goes on trying for a while. */
  async #failsWith(words: string, token: string): Promise<void> {
    const deployment = this.#deployment;
    const said = deployment.log('agent').length;
    const program = new RunningProgram(deployment.launchAgent({ token, configPath: this.#configPath }));
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
