import type { Server } from 'node:http';
import { SpirekitError } from './errors.ts';

/** Where an HTTP server listens. */
export interface HttpAddress {
  /** Without brackets. */
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
}

/** A unix socket, of the mode that the umask leaves it. */
export interface HttpSocket {
  /** Free to be bound. */
  readonly path: string;
}

/** For the headers of a request, and for the whole of it; SPIRE's for the headers. */
const REQUEST_TIMEOUT_MS = 10_000;

/** What asks for health and metrics are a few programs with a connection each. */
const MAX_CONNECTIONS = 256;

/** An HTTP or HTTPS server at its address, bounded in connections and in time, until it is disposed of. */
export class HttpListener implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Takes the server over. Error: `io-error` when the address cannot be bound. */
  static async open(server: Server, address: HttpAddress | HttpSocket): Promise<HttpListener> {
    server.headersTimeout = REQUEST_TIMEOUT_MS;
    server.requestTimeout = REQUEST_TIMEOUT_MS;
    server.maxConnections = MAX_CONNECTIONS;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject).listen({ ...address }, resolve);
    try {
      await promise;
    } catch (error) {
      throw SpirekitError.from(error);
    }
    // What may come later, such as a lack of descriptors, meets one connection and not the server.
    server.on('error', () => {});
    return new HttpListener(server);
  }

  /** The bound port. */
  get port(): number {
    const bound = this.#server.address();
    return typeof bound === 'object' && bound !== null ? bound.port : 0;
  }

  /** Ends all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    await promise;
  }
}
