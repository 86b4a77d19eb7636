import type { RpcTarget } from '../../rpc/client.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import type { CommandContext } from '../command-context.ts';
import type { Context } from '../contexts/contexts.ts';
import {
  agentAdminTarget,
  agentTarget,
  DEFAULT_AGENT_ADMIN_SOCKET,
  DEFAULT_AGENT_SOCKET,
  DEFAULT_SERVER_SOCKET,
  endpointTarget,
  type SocketChoice,
} from '../sockets.ts';
import { type FoundSocket, findContext, findSocket, nothingAnswers, remoteServerOf } from './find-socket.ts';
import type { SocketKind } from './place.ts';

/** What a search is made with. */
type Surroundings = Pick<CommandContext, 'env' | 'program' | 'given' | 'clock' | 'signal'>;

/**
 * The agent's Workload API socket. The drop-ins keep to SPIRE's rule (`agentTarget`). On the umbrella, where neither flags
 * nor variables name one, it is looked for: context, configuration files, usual places.
 *
 * @throws SpirekitError `unavailable` with every place that was looked at; `usage` for flags that do not go together;
 *   `not-found`, `invalid-config` for a context that cannot be used; `invalid-argument` as `agentTarget`
 */
export async function findAgentTarget(choice: AgentChoice, surroundings: Surroundings): Promise<RpcTarget> {
  const { env } = surroundings;
  const isNamed =
    choice.socketPath !== DEFAULT_AGENT_SOCKET || choice.instance !== '' || surroundings.given.has('socketPath');
  const isInEnvironment = [env['SPIRE_AGENT_PUBLIC_SOCKET'], env['SPIFFE_ENDPOINT_SOCKET']].some(Boolean);
  if (!needsSearch(choice, isNamed, isInEnvironment, surroundings)) return agentTarget(choice, surroundings);
  const found = await search('agent', choice, surroundings);
  // Who waits for an agent that is nowhere yet waits for it where SPIRE's agents are.
  const isAwaited = found.kind === 'nowhere' && (choice.wait ?? 0n) > 0n;
  return isAwaited ? agentTarget(choice, surroundings) : endpoint('agent', found);
}

/** What the flags say of the Workload API's socket. */
export interface AgentChoice extends SocketChoice {
  /** How long the caller will wait for an agent, in nanoseconds. Default 0. */
  readonly wait?: bigint;
}

/** The agent's admin socket, as {@link findAgentTarget}. */
export async function findAgentAdminTarget(
  choice: Pick<SocketChoice, 'socketPath' | 'context'>,
  surroundings: Surroundings,
): Promise<RpcTarget> {
  const isNamed = choice.socketPath !== DEFAULT_AGENT_ADMIN_SOCKET || surroundings.given.has('socketPath');
  if (!needsSearch(choice, isNamed, false, surroundings)) return agentAdminTarget(choice.socketPath);
  return endpoint('agent-admin', await search('agent-admin', choice, surroundings));
}

/** A server that nobody has named: at a socket, or elsewhere by flags of the context. */
export type FoundServer =
  | { readonly kind: 'socket'; readonly target: RpcTarget }
  | { readonly kind: 'remote'; readonly flags: Context & { readonly serverAddr: string } };

/** The server to call, as {@link findAgentTarget}; undefined where flags or variables name its socket. */
export async function findServer(choice: SocketChoice, surroundings: Surroundings): Promise<FoundServer | undefined> {
  const { env, given, clock, signal } = surroundings;
  const isNamed = choice.socketPath !== DEFAULT_SERVER_SOCKET || choice.instance !== '' || given.has('socketPath');
  if (!needsSearch(choice, isNamed, Boolean(env['SPIRE_SERVER_PRIVATE_SOCKET']), surroundings)) return undefined;
  const look = await findContext({ env, contextName: choice.context });
  const flags = remoteServerOf(look);
  if (flags !== undefined) return { kind: 'remote', flags };
  return {
    kind: 'socket',
    target: endpoint('server', await findSocket('server', look, { cwd: process.cwd(), clock, signal })),
  };
}

/**
 * Whether a socket has to be looked for. A context that a flag names goes before variables of the environment.
 *
 * @throws SpirekitError `usage` for a context on a drop-in, or beside a flag that names a socket
 */
function needsSearch(
  { context }: Pick<SocketChoice, 'context'>,
  isNamed: boolean,
  isInEnvironment: boolean,
  { program }: Pick<Surroundings, 'program'>,
): boolean {
  if (context !== '' && program !== 'spirekit') {
    throw new SpirekitError('usage', `-context is of use with spirekit alone: name a socket by -socketPath`);
  }
  if (context !== '' && isNamed) {
    throw new SpirekitError('usage', '-context and the flag that names a socket name two places: give one of them');
  }
  return program === 'spirekit' && !isNamed && (context !== '' || !isInEnvironment);
}

async function search(
  kind: SocketKind,
  { context }: Pick<SocketChoice, 'context'>,
  { env, clock, signal }: Pick<Surroundings, 'env' | 'clock' | 'signal'>,
): Promise<FoundSocket> {
  return findSocket(kind, await findContext({ env, contextName: context }), {
    cwd: process.cwd(),
    clock,
    signal,
  });
}

/** @throws SpirekitError `unavailable`, `invalid-argument` for an address in a context that is none */
function endpoint(kind: SocketKind, found: FoundSocket): RpcTarget {
  switch (found.kind) {
    case 'context':
      return endpointTarget(found.address);
    case 'place':
      return { kind: 'unix', path: found.look.place.path };
    case 'nowhere':
      throw nothingAnswers(kind, found.looks);
  }
}
