import { connect, createServer, type Server, type Socket } from 'node:net';

/** A loopback port behind which several servers stand: each connection goes to the next one that takes it. */
export class Forwarder implements AsyncDisposable {
  readonly #server: Server;
  readonly #ports: readonly number[];
  readonly #sockets = new Set<Socket>();
  readonly #connections = new Map<number, number>();
  #next = 0;

  private constructor(server: Server, ports: readonly number[]) {
    this.#server = server;
    this.#ports = ports;
  }

  /** @param ports of the servers; may be filled in later, before the first connection */
  static async open(ports: readonly number[]): Promise<Forwarder> {
    const server = createServer();
    const forwarder = new Forwarder(server, ports);
    server.on('connection', (socket) => forwarder.#accept(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    return forwarder;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** How many connections went to each server. */
  get counts(): readonly number[] {
    return this.#ports.map((port) => this.#connections.get(port) ?? 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(near: Socket): void {
    this.#hold(near);
    near.pause();
    this.#reach(near, this.#ports.length);
  }

  #reach(near: Socket, attempts: number): void {
    const port = this.#ports[this.#next++ % this.#ports.length];
    if (port === undefined || attempts === 0) {
      near.destroy();
      return;
    }
    const far = connect(port, '127.0.0.1');
    this.#hold(far);
    far.once('connect', () => {
      this.#connections.set(port, (this.#connections.get(port) ?? 0) + 1);
      near.pipe(far).pipe(near);
      near.once('close', () => far.destroy());
      far.once('close', () => near.destroy());
    });
    far.once('error', () => {
      if (far.connecting || far.bytesRead + far.bytesWritten === 0) this.#reach(near, attempts - 1);
    });
  }

  #hold(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => this.#sockets.delete(socket));
  }
}
