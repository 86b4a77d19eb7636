import type { RpcTarget } from '../rpc/target.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { chooseAgentTarget } from './agent-connection.ts';
import type { CommandContext } from './command-context.ts';
import { agentTarget, type SocketChoice, serverTarget } from './sockets.ts';

type Surroundings = Pick<CommandContext, 'env' | 'program' | 'given' | 'clock' | 'signal'>;

/**
 * The agent's socket as other commands find it; where nothing answers anywhere, the place of SPIRE's agents, so that
 * there is something to be looked at. Errors: `invalid-argument` for one that is no unix socket, and as the search.
 */
export async function agentSocketPath(choice: SocketChoice, surroundings: Surroundings): Promise<string> {
  const target = await orDefault(chooseAgentTarget(choice, surroundings), () => agentTarget(choice, surroundings));
  return pathOf('agent', target);
}

/** The server's socket, as {@link agentSocketPath}. */
export async function serverSocketPath(choice: SocketChoice, surroundings: Surroundings): Promise<string> {
  const { findServer } = await import('./discovery/targets.ts');
  const fallback = (): RpcTarget => serverTarget(choice, surroundings.env);
  const search = findServer(choice, surroundings).then((found) => {
    if (found?.kind !== 'remote') return found?.target ?? fallback();
    throw new SpirekitError(
      'failed-precondition',
      'the context names a server elsewhere: run the doctor where it runs',
    );
  });
  return pathOf('server', await orDefault(search, fallback));
}

async function orDefault(search: Promise<RpcTarget>, fallback: () => RpcTarget): Promise<RpcTarget> {
  try {
    return await search;
  } catch (error) {
    if (SpirekitError.from(error).code !== 'unavailable') throw error;
    return fallback();
  }
}

function pathOf(who: 'agent' | 'server', target: RpcTarget): string {
  if (target.kind === 'unix') return target.path;
  throw new SpirekitError('invalid-argument', `doctor looks at unix sockets; the ${who} is at a TCP address`);
}
