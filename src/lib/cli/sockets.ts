import { resolve } from 'node:path';
import type { RpcTarget } from '../rpc/client.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { parseEndpointAddress } from '../spiffe/endpoint-address.ts';
import type { CommandContext, Environment } from './command-context.ts';
import { flag } from './go-flags.ts';

/** Where SPIRE's programs listen unless told otherwise. */
export const DEFAULT_AGENT_SOCKET = '/tmp/spire-agent/public/api.sock';
export const DEFAULT_AGENT_ADMIN_SOCKET = '/tmp/spire-agent/private/admin.sock';
export const DEFAULT_SERVER_SOCKET = '/tmp/spire-server/private/api.sock';

/** `-context`, which the drop-ins refuse: they keep to SPIRE's rule. */
const contextFlag = {
  context: flag.string({ usage: 'The context to go by (`context list`), if not the current one', isExtension: true }),
} as const;

/** `-socketPath` and `-instance` of the commands that call the agent's Workload API socket. */
export const agentSocketFlags = {
  socketPath: flag.string({ usage: "The agent's API socket", default: DEFAULT_AGENT_SOCKET }),
  instance: flag.string({
    usage: 'Name that replaces %i in the socket template of SPIRE_AGENT_PUBLIC_SOCKET_TEMPLATE',
  }),
  ...contextFlag,
} as const;

/** `-socketPath` of the commands that call the agent's admin socket. */
export const agentAdminSocketFlags = {
  socketPath: flag.string({ usage: "The agent's admin API socket", default: DEFAULT_AGENT_ADMIN_SOCKET }),
  ...contextFlag,
} as const;

/** `-socketPath` and `-instance` of the commands that call the server. */
export const serverSocketFlags = {
  socketPath: flag.string({ usage: "The server's API socket", default: DEFAULT_SERVER_SOCKET }),
  instance: flag.string({
    usage: 'Name that replaces %i in the socket template of SPIRE_SERVER_PRIVATE_SOCKET_TEMPLATE',
  }),
  ...contextFlag,
} as const;

/** What the flags say of a socket. */
export interface SocketChoice {
  readonly socketPath: string;
  readonly instance: string;
  /** The name of a context; empty without. */
  readonly context: string;
}

type NamedSocket = Pick<SocketChoice, 'socketPath' | 'instance'>;

/**
 * The agent's Workload API socket: `-socketPath`, else the template with `-instance` in it, else
 * SPIRE_AGENT_PUBLIC_SOCKET, else the default. The umbrella also takes the addresses of SPIFFE's libraries
 * (`unix:///path`, `tcp://IP:port`), and reads SPIFFE_ENDPOINT_SOCKET before it falls back on the default.
 *
 * @throws SpirekitError `invalid-argument` when `-instance` is given without a usable template, or an address is none
 */
export function agentTarget(
  choice: NamedSocket,
  { env, program, given }: Pick<CommandContext, 'env' | 'program' | 'given'>,
): RpcTarget {
  const template = 'SPIRE_AGENT_PUBLIC_SOCKET_TEMPLATE';
  const missing = ` ${template} environment variable must be defined when using the instance flag`;
  const chosen = choose(choice, env, template, DEFAULT_AGENT_SOCKET, missing);
  if (program === 'spirekit') {
    const isChoice = chosen !== DEFAULT_AGENT_SOCKET || given.has('socketPath');
    const address = isChoice ? chosen : env['SPIFFE_ENDPOINT_SOCKET'] || chosen;
    if (!isChoice || /^(unix|tcp):/i.test(address)) return endpointTarget(address);
  }
  // SPIRE's agent commands make the path absolute before they dial it; its errors show the absolute one.
  return { kind: 'unix', path: resolve(chosen) };
}

/**
 * An address of SPIFFE's libraries, or a plain path as some write into the variable.
 *
 * @throws SpirekitError `invalid-argument`
 */
export function endpointTarget(address: string): RpcTarget {
  return address.startsWith('/') ? { kind: 'unix', path: address } : parseEndpointAddress(address);
}

/** The agent's admin socket; an empty path is the default. */
export function agentAdminTarget(socketPath: string): RpcTarget {
  return adapterTarget(socketPath === '' ? DEFAULT_AGENT_ADMIN_SOCKET : socketPath);
}

/**
 * The server's socket: `-socketPath`, else the template with `-instance` in it, else SPIRE_SERVER_PRIVATE_SOCKET, else
 * the default.
 *
 * @throws SpirekitError `invalid-argument` when `-instance` is given without a usable template
 */
export function serverTarget(choice: NamedSocket, env: Environment): RpcTarget {
  const template = 'SPIRE_SERVER_PRIVATE_SOCKET_TEMPLATE';
  const missing = `you must define ${template} to use the instance flag`;
  return adapterTarget(choose(choice, env, template, DEFAULT_SERVER_SOCKET, missing));
}

/** SPIRE's dialer for these gets the address as gRPC spells it, and its errors show an absolute path after two slashes. */
function adapterTarget(path: string): RpcTarget {
  return { kind: 'unix', path, errorAddress: path.startsWith('/') ? `//${path}` : path };
}

function choose(choice: NamedSocket, env: Environment, template: string, fallback: string, missing: string): string {
  const pattern = env[template] ?? '';
  if (choice.instance !== '') {
    if (pattern === '') throw new SpirekitError('invalid-argument', missing);
    if (!pattern.includes('%i')) throw new SpirekitError('invalid-argument', `failed to find %i in ${template}`);
  }
  if (choice.socketPath !== fallback) return choice.socketPath;
  if (choice.instance !== '') return pattern.replaceAll('%i', () => choice.instance);
  const single = env[template.replace(/_TEMPLATE$/, '')] ?? '';
  return single === '' ? fallback : single;
}
