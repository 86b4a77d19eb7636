import type { Socket } from 'node:net';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { SpirekitError } from '../runtime/errors.ts';
import type { ConnectOptions } from './connect-options.ts';
import { connectionError } from './dial-error.ts';
import type { RpcTlsOptions } from './target.ts';
import { peerChainDer, SECURE_OPTIONS, tlsMaterial } from './tls-material.ts';

/**
 * Runs the TLS handshake on a connected socket. Resolves only after `verifyServer` has agreed, so that nothing but the
 * handshake was sent before. Rejects with `Unavailable`, as Go: `transport: authentication handshake failed: ...`.
 */
export function startTls(
  socket: Socket,
  host: string,
  tls: RpcTlsOptions,
  options: ConnectOptions,
): Promise<TLSSocket> {
  const { signal, clock, connectTimeoutMs } = options;
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      socket.destroy();
      return reject(signal.reason);
    }
    const secure = tlsConnect({ ...clientOptions(tls), socket, ...serverName(host) });
    const settle = (finish: () => void): void => {
      cancelTimer();
      signal.removeEventListener('abort', onAbort);
      secure.removeListener('error', onError);
      secure.removeListener('close', onClose);
      finish();
    };
    const fail = (error: unknown): void =>
      settle(() => {
        secure.on('error', () => {});
        secure.destroy();
        socket.destroy();
        reject(error);
      });
    const refuse = (error: unknown): void =>
      fail(connectionError(`transport: authentication handshake failed: ${SpirekitError.from(error).message}`, error));
    const onError = (error: Error): void => refuse(error);
    const onClose = (): void => refuse(new SpirekitError('unavailable', 'EOF'));
    const onAbort = (): void => fail(signal.reason);
    const cancelTimer = clock.schedule(connectTimeoutMs, () =>
      refuse(new SpirekitError('deadline-exceeded', 'context deadline exceeded')),
    );
    secure.once('error', onError);
    secure.once('close', onClose);
    signal.addEventListener('abort', onAbort, { once: true });
    secure.once('secureConnect', () => {
      try {
        if (secure.alpnProtocol !== 'h2')
          throw new SpirekitError('unavailable', 'the server did not agree on HTTP/2 (ALPN)');
        tls.verifyServer(peerChainDer(secure));
      } catch (error) {
        return refuse(error);
      }
      settle(() => resolve(secure));
    });
  });
}

function clientOptions(tls: RpcTlsOptions) {
  const { certificateChain, privateKey } = tls;
  return {
    ALPNProtocols: ['h2'],
    minVersion: 'TLSv1.2' as const,
    // `verifyServer` decides; Node would compare against public CAs and DNS names, which SVIDs have nothing to do with.
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    ca: [],
    secureOptions: SECURE_OPTIONS,
    ...(tls.keyExchangeGroups === undefined ? {} : { ecdhCurve: tls.keyExchangeGroups }),
    ...(certificateChain !== undefined && privateKey !== undefined ? tlsMaterial(certificateChain, privateKey) : {}),
  };
}

/** SNI takes names only (RFC 6066, section 3). */
function serverName(host: string): { servername?: string } {
  return /^[\d.]+$|:/.test(host) ? {} : { servername: host };
}
