import type { RpcTarget } from '../rpc/client.ts';
import type { CommandContext } from './command-context.ts';
import type { AgentChoice } from './discovery/targets.ts';
import { agentAdminTarget, agentTarget, type SocketChoice } from './sockets.ts';

/**
 * The agent's socket: by SPIRE's rule where a flag or a variable names it and on the drop-ins, else wherever it is found.
 *
 * @throws SpirekitError as `findAgentTarget` in `discovery/targets.ts`
 */
export async function chooseAgentTarget(
  choice: AgentChoice,
  surroundings: Pick<CommandContext, 'env' | 'program' | 'given' | 'clock' | 'signal'>,
): Promise<RpcTarget> {
  if (surroundings.program !== 'spirekit' && choice.context === '') return agentTarget(choice, surroundings);
  return (await import('./discovery/targets.ts')).findAgentTarget(choice, surroundings);
}

/** The agent's admin socket, as {@link chooseAgentTarget}. */
export async function chooseAgentAdminTarget(
  choice: Pick<SocketChoice, 'socketPath' | 'context'>,
  surroundings: Pick<CommandContext, 'env' | 'program' | 'given' | 'clock' | 'signal'>,
): Promise<RpcTarget> {
  if (surroundings.program !== 'spirekit' && choice.context === '') return agentAdminTarget(choice.socketPath);
  return (await import('./discovery/targets.ts')).findAgentAdminTarget(choice, surroundings);
}
