import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** A proxy on a loopback port that sends the pieces one by one before what its client sends. */
export class HeaderProxy implements AsyncDisposable {
  readonly port: number;
  readonly #close: () => Promise<void>;

  private constructor(port: number, close: () => Promise<void>) {
    this.port = port;
    this.#close = close;
  }

  static async open(upstreamPort: number, ...pieces: readonly (string | Uint8Array)[]): Promise<HeaderProxy> {
    const server = createServer((client) => {
      const upstream = connect(upstreamPort, '127.0.0.1');
      upstream.setNoDelay(true);
      for (const side of [client, upstream]) side.on('error', () => {});
      client.on('close', () => upstream.destroy());
      upstream.on('close', () => client.destroy());
      const send = ([piece, ...others]: readonly (string | Uint8Array)[]): void => {
        if (piece === undefined) client.pipe(upstream).pipe(client);
        else upstream.write(piece, () => setImmediate(() => send(others)));
      };
      upstream.once('connect', () => send(pieces));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    return new HeaderProxy(port, () => new Promise((resolve) => server.close(() => resolve())));
  }

  /** Resolves when the last connection is closed. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}
