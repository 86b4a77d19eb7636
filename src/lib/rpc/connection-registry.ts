import type { Socket } from 'node:net';

/** Every open connection of a server, those in their handshake included. */
export class ConnectionRegistry {
  readonly #sockets = new Set<Socket>();
  readonly #unadmitted = new Set<Socket>();
  readonly #waiting = new Set<() => void>();

  /** Counts a socket as open until it closes. Errors of it are of no interest: 'close' follows. */
  track(socket: Socket): void {
    this.#sockets.add(socket);
    this.#unadmitted.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#unadmitted.delete(socket);
      if (this.#sockets.size > 0) return;
      for (const resolve of this.#waiting) resolve();
      this.#waiting.clear();
    });
  }

  /** The handshake on this socket is over, and HTTP/2 has it. */
  admit(socket: Socket): void {
    this.#unadmitted.delete(socket);
  }

  /** Resolves when no socket is open. */
  untilEmpty(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#sockets.size === 0) resolve();
      else this.#waiting.add(resolve);
    });
  }

  /** How many sockets are open. */
  get size(): number {
    return this.#sockets.size;
  }

  /** Closes the sockets whose handshake is not over. */
  destroyUnadmitted(): void {
    for (const socket of this.#unadmitted) socket.destroy();
  }

  /** Closes all sockets. */
  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
