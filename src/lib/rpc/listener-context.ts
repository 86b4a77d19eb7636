import type { Server, Socket } from 'node:net';
import type { Clock } from '../runtime/clock.ts';
import type { Peer } from './call-context.ts';
import type { ConnectionRegistry } from './connection-registry.ts';

/** The client preface of HTTP/2 and an empty settings frame (RFC 9113, section 3.4): the least a client sends. */
const LEAST_OPENING_BYTES = 24 + 9;

/** What every listener of a server shares. */
export interface ListenerContext {
  readonly registry: ConnectionRegistry;
  readonly clock: Clock;
  /** How long a client may take to open its HTTP/2 connection. */
  readonly handshakeTimeoutMs: number;
  readonly maxConnections: number;
  /** Hands the socket to the gRPC server. */
  readonly inject: (socket: Socket) => void;
  /** Told why a connection was refused or a handshake failed; `from` names the other end. */
  readonly onConnectionError: ((error: unknown, from: string) => void) | undefined;
}

/** Ties the peer to the socket, then lets the gRPC server have it. Closes it if the client says nothing in time. */
export function admitConnection(context: ListenerContext, socket: Socket, peer: Peer): void {
  context.registry.admit(socket, peer);
  const cancel = context.clock.schedule(
    context.handshakeTimeoutMs,
    () => {
      if (socket.bytesRead < LEAST_OPENING_BYTES) socket.destroy();
    },
    { unref: true },
  );
  socket.once('close', cancel);
  context.inject(socket);
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
