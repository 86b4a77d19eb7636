import type { RpcTarget } from '../../rpc/client.ts';
import { sleep } from '../../runtime/clock.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import type { WatchEvent } from '../../supervise/watch-event.ts';
import { chooseAgentTarget } from '../agent-connection.ts';
import type { CommandContext } from '../command-context.ts';
import type { AgentChoice } from '../discovery/targets.ts';

const LOOK_EVERY_MS = 1000;

/**
 * The agent's socket; where none is named and none is found, it is looked for again, as the agent may start after us.
 *
 * @param waitMs how long; 0 is for ever
 * @throws SpirekitError as {@link chooseAgentTarget} when the time is over, and at once for what no wait mends
 */
export async function awaitAgentTarget(
  choice: AgentChoice,
  surroundings: Pick<CommandContext, 'env' | 'program' | 'given' | 'clock' | 'signal'>,
  options: { readonly waitMs: number; readonly tell: (event: WatchEvent) => void },
): Promise<RpcTarget> {
  const { clock, signal } = surroundings;
  const startMs = clock.monotonicMs();
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await chooseAgentTarget(choice, surroundings);
    } catch (cause) {
      const error = SpirekitError.from(cause);
      const isOver = options.waitMs > 0 && clock.monotonicMs() - startMs >= options.waitMs;
      if (error.code !== 'unavailable' || isOver) throw cause;
      if (isFirst) options.tell({ event: 'waiting', message: `waiting for an agent: ${error.message}` });
    }
    await sleep(clock, LOOK_EVERY_MS, { signal });
  }
}
