import { RpcClient } from '../rpc/client.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { remoteServerFlags, type ServerContext } from './server-flags.ts';
import { serverTarget } from './sockets.ts';

export { serverFlags } from './server-flags.ts';

/**
 * A client of the server that the flags name; nothing has been sent yet.
 *
 * @throws SpirekitError `usage` for flags that do not go together; what the socket flags are refused with; what keeps
 *   from having an SVID to call with
 */
export async function connectToServer(context: ServerContext): Promise<RpcClient> {
  const { flags, given } = context;
  if (flags.serverAddr === '') {
    for (const name of Object.keys(remoteServerFlags)) {
      if (given.has(name)) throw new SpirekitError('usage', `-${name} is of use only together with -serverAddr`);
    }
    return await connectNearby(context);
  }
  for (const name of ['socketPath', 'instance', 'context']) {
    if (given.has(name))
      throw new SpirekitError('usage', `-serverAddr and -${name} name two servers: give one of them`);
  }
  // Loaded only here: TLS and what verifies certificates cost a command on the socket nothing.
  const { connectRemotely } = await import('./remote-server.ts');
  return await connectRemotely(context);
}

/** On the umbrella a server that nobody has named is looked for; the drop-ins keep to SPIRE's rule. */
async function connectNearby(context: ServerContext): Promise<RpcClient> {
  const { flags, given, env, program } = context;
  if (program !== 'spirekit' && flags.context === '') return new RpcClient(serverTarget(flags, env));
  const { findServer } = await import('./discovery/targets.ts');
  const found = await findServer(flags, context);
  switch (found?.kind) {
    case undefined:
      return new RpcClient(serverTarget(flags, env));
    case 'socket':
      return new RpcClient(found.target);
    case 'remote': {
      const { connectRemotely } = await import('./remote-server.ts');
      const names = [...given, ...Object.keys(found.flags)];
      return await connectRemotely({ ...context, flags: { ...flags, ...found.flags }, given: new Set(names) });
    }
  }
}

/**
 * As {@link connectToServer}, for what servers offer on their private socket alone.
 *
 * @param what is asked for, as the subject of a sentence
 * @throws SpirekitError also `failed-precondition` for a server that is to be called over the network
 */
export async function connectToLocalServer(what: string, context: ServerContext): Promise<RpcClient> {
  if (context.flags.serverAddr !== '') {
    throw new SpirekitError(
      'failed-precondition',
      `${what} is served only on the private socket of a server: run this where the server runs, without -serverAddr`,
    );
  }
  return await connectToServer(context);
}
