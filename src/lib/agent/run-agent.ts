import type { AgentConfig } from '../config/agent/agent-config.ts';
import { Agent, type AgentDependencies } from './agent.ts';
import { findRemedy } from './remedy.ts';

/**
 * Opens an agent and keeps it up to date until the signal aborts. Rejects when it cannot be opened or cannot go on; its
 * log says by then what to do about that.
 */
export async function runAgent(config: AgentConfig, dependencies: AgentDependencies): Promise<void> {
  const { signal, log } = dependencies;
  try {
    await using agent = await Agent.open(config, dependencies);
    await agent.run({ signal });
  } catch (error) {
    const remedy = signal.aborted ? undefined : findRemedy(error, config);
    if (remedy !== undefined) log.error(`What to do: ${remedy}`);
    throw error;
  }
}
