import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A way between an agent and its server that can be cut: a proxy on a loopback port. */
export class CuttableProxy implements AsyncDisposable {
  /** Where it leads; to be set before somebody comes. */
  upstreamPort = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((client) => {
    const upstream = connect(this.upstreamPort, '127.0.0.1');
    for (const side of [client, upstream]) {
      this.#sockets.add(side);
      side.on('error', () => {});
      side.on('close', () => {
        this.#sockets.delete(side);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream).pipe(client);
  });

  static async open(): Promise<CuttableProxy> {
    const proxy = new CuttableProxy();
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Ends every connection and takes no other. */
  cut(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
  }
}
