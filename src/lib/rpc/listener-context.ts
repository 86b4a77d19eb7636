import type { Server, Socket } from 'node:net';
import type { Clock } from '../runtime/clock.ts';
import { SpirekitError } from '../runtime/errors.ts';
import type { Peer } from './call-context.ts';
import type { ConnectionRegistry } from './connection-registry.ts';
import type { FairShare } from './fair-share.ts';
import { accountOf } from './peer-account.ts';

/** The client preface of HTTP/2 and an empty settings frame (RFC 9113, section 3.4): the least a client sends. */
const LEAST_OPENING_BYTES = 24 + 9;

/** What every listener of a server shares. */
export interface ListenerContext {
  readonly registry: ConnectionRegistry;
  readonly clock: Clock;
  /** How long a client may take to open its HTTP/2 connection. */
  readonly handshakeTimeoutMs: number;
  /** Connections of one listener, if set by hand; else what suits its kind. */
  readonly maxConnections: number | undefined;
  /** Speaks HTTP/2 on the socket. */
  readonly serve: (socket: Socket, peer: Peer) => void;
  /** Told why a connection was refused or a handshake failed; `from` names the other end. */
  readonly onConnectionError: ((error: unknown, from: string) => void) | undefined;
}

/**
 * Speaks HTTP/2 with the peer as soon as that has said something: a connect alone costs next to nothing. Closes the
 * connection if the client does not open HTTP/2 in time.
 *
 * @param tcp the socket that was tracked: the one below, for TLS
 */
export function admitConnection(context: ListenerContext, socket: Socket, peer: Peer, tcp: Socket = socket): void {
  const cancel = context.clock.schedule(
    context.handshakeTimeoutMs,
    () => {
      if (socket.bytesRead < LEAST_OPENING_BYTES) socket.destroy();
    },
    { unref: true },
  );
  socket.once('close', cancel);
  // What has arrived is buffered in the socket, where HTTP/2 finds it; nothing has at the end of the connection.
  socket.once('readable', () => {
    if (socket.readableLength === 0) {
      socket.destroy();
      return;
    }
    context.registry.admit(tcp);
    context.serve(socket, peer);
  });
}

/** Takes a connection from the share of the peer until the socket closes. Throws `resource-exhausted`. */
export function takeShare(share: FairShare, socket: Socket, account: string): () => void {
  if (!share.tryTake(account)) {
    const held = share.heldBy(account);
    throw new SpirekitError('resource-exhausted', `too many connections: ${account} has ${held} of ${share.total}`);
  }
  let isHeld = true;
  const giveBack = (): void => {
    if (isHeld) share.giveBack(account);
    isHeld = false;
  };
  socket.once('close', giveBack);
  return giveBack;
}

/** The same for a peer that is known by now. */
export function takePeerShare(share: FairShare, socket: Socket, peer: Peer): void {
  takeShare(share, socket, accountOf(peer));
}

/** Closes a connection that was not admitted, and says why. */
export function refuseConnection(context: ListenerContext, socket: Socket, error: unknown, from: string): void {
  socket.destroy();
  context.onConnectionError?.(error, from);
}

/** Resolves when the server is bound; rejects with the system's error. */
export function untilListening(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    if (server.listening) return resolve();
    server.once('listening', resolve);
    server.once('error', reject);
  });
}
