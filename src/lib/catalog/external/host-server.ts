import { join } from 'node:path';
import { RpcServer } from '../../rpc/server.ts';
import type { Clock } from '../../runtime/clock.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { HostService } from './host-service.ts';

/** Only the daemon's own user, whose processes plugins are. */
const SOCKET_MODE = 0o600;

/** Serves a daemon's services to one plugin, on a unix socket in a folder that only this user can enter. */
export class HostServer implements AsyncDisposable {
  readonly socketPath: string;
  readonly #server: RpcServer;

  private constructor(socketPath: string, server: RpcServer) {
    this.socketPath = socketPath;
    this.#server = server;
  }

  /** Errors: `invalid-argument` for a folder whose path is too long, `io-error`. */
  static async open(
    services: readonly HostService[],
    { folder, clock, log }: { readonly folder: string; readonly clock: Clock; readonly log: Logger },
  ): Promise<HostServer> {
    const server = new RpcServer({
      clock,
      onInternalError: (error) => log.error('Host services server failed', { error }),
    });
    for (const service of services) service.register(server);
    const path = join(folder, 'host.sock');
    await server.listenUnix({
      path,
      socketMode: SOCKET_MODE,
      onPeer: ({ uid }) => {
        if (uid !== process.geteuid?.()) throw new SpirekitError('permission-denied', 'only plugins may connect');
      },
    });
    return new HostServer(path, server);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.stop();
  }
}
