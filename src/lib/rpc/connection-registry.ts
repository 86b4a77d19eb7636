import type { Socket } from 'node:net';
import type { Peer } from './call-context.ts';

/**
 * Knows who is at the other end of every open connection. The gRPC library hands a call nothing of its socket but the
 * remote address; so each socket gets one of its own, a tag that only this process can make.
 */
export class ConnectionRegistry {
  readonly #peers = new Map<string, Peer>();
  readonly #sockets = new Set<Socket>();
  readonly #waiting = new Set<() => void>();
  #count = 0;

  /** Counts a socket as open until it closes. Errors of it are of no interest: 'close' follows. */
  track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#sockets.delete(socket);
      if (this.#sockets.size > 0) return;
      for (const resolve of this.#waiting) resolve();
      this.#waiting.clear();
    });
  }

  /** Resolves when no socket is open. */
  untilEmpty(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#sockets.size === 0) resolve();
      else this.#waiting.add(resolve);
    });
  }

  /** Ties the peer to the socket until it closes. */
  admit(socket: Socket, peer: Peer): void {
    const tag = `peer-${++this.#count}`;
    // A port would be appended to the address.
    Object.defineProperties(socket, { remoteAddress: { value: tag }, remotePort: { value: undefined } });
    this.#peers.set(tag, peer);
    socket.once('close', () => this.#peers.delete(tag));
  }

  /** Who carries the tag; undefined for anything that this registry has not given out or has taken back. */
  findPeer(tag: string): Peer | undefined {
    return this.#peers.get(tag);
  }

  /** How many sockets are open. */
  get size(): number {
    return this.#sockets.size;
  }

  /** Closes the sockets that no peer is tied to yet: their handshake is not over. */
  destroyUnadmitted(): void {
    for (const socket of this.#sockets) {
      if (!this.#peers.has(String(socket.remoteAddress))) socket.destroy();
    }
  }

  /** Closes all sockets. */
  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
