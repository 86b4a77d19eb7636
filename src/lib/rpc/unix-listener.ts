import { createServer, type Server, type Socket } from 'node:net';
import { SpirekitError } from '../runtime/errors.ts';
import type { UnixPeer } from './call-context.ts';
import { connectionLimit } from './connection-limit.ts';
import { FairShare } from './fair-share.ts';
import {
  admitConnection,
  type ListenerContext,
  refuseConnection,
  takePeerShare,
  untilListening,
} from './listener-context.ts';
import type { UnixListenerOptions } from './listener-options.ts';
import { PeerCredentialReader } from './peer-credentials.ts';
import { watchProgram } from './process-watch.ts';
import { bindWithMode, prepareSocketPath } from './unix-socket-file.ts';

/**
 * Serves a unix socket: asks the kernel who connects before a byte is read, and hands the connection on with that
 * answer tied to it. Resolves when bound.
 */
export async function listenOnUnixSocket(options: UnixListenerOptions, context: ListenerContext): Promise<Server> {
  const credentials = await PeerCredentialReader.open();
  await prepareSocketPath(options.path, options);
  const share = new FairShare(connectionLimit('unix', context.maxConnections));
  const server = createServer((socket) => {
    context.registry.track(socket);
    try {
      const peer = identify(socket, credentials);
      takePeerShare(share, socket, peer);
      options.onPeer?.(peer);
      admitConnection(context, socket, peer);
    } catch (error) {
      refuseConnection(context, socket, error, `unix ${options.path}`);
    }
  });
  const listening = untilListening(server);
  bindWithMode(server, options.path, options.socketMode);
  try {
    await listening;
  } catch (error) {
    throw SpirekitError.from(error);
  }
  return server;
}

/** Takes hold of the process first and reads who it is then, so that what is read later can be checked against it. */
function identify(socket: Socket, credentials: PeerCredentialReader): UnixPeer {
  const { pid, uid, gid } = credentials.read(socket);
  if (pid <= 0) throw new SpirekitError('permission-denied', 'the caller is in a pid namespace that cannot be seen');
  const watch = watchProgram(credentials.watch(socket, pid), pid);
  socket.once('close', () => watch[Symbol.dispose]());
  return { kind: 'unix', pid, uid, gid, isAlive: () => watch.isAlive() };
}
