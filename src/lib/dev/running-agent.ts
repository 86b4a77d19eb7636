import { Agent, type AgentDependencies } from '../agent/agent.ts';
import type { AgentConfig } from '../config/agent/agent-config.ts';

/** An agent that keeps itself up to date until it is disposed of. */
export class RunningAgent implements AsyncDisposable {
  readonly #agent: Agent;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;

  private constructor(agent: Agent, { log }: AgentDependencies) {
    this.#agent = agent;
    this.#running = agent.run({ signal: this.#stopping.signal }).catch((error: unknown) => {
      if (!this.#stopping.signal.aborted) log.error('Agent crashed', { error });
    });
  }

  /** Resolves when workloads can connect. Errors: those of {@link Agent.open}. */
  static async open(config: AgentConfig, dependencies: AgentDependencies): Promise<RunningAgent> {
    return new RunningAgent(await Agent.open(config, dependencies), dependencies);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#agent[Symbol.asyncDispose]();
  }
}
