import type { TLSSocket } from 'node:tls';
import { type HandshakeError, tlsError } from '../inspect/tls-handshake.ts';
import type { Clock } from '../runtime/clock.ts';

/** How long silence of a peer counts as having been let in. */
const QUIET_MS = 300;

/**
 * What the peer makes of our certificate. In TLS 1.3 a client is done before the server has looked at it: a refusal comes as
 * an alert afterwards. A session ticket or data mean that we were let in, and so does silence for a while.
 *
 * @returns the refusal, undefined if there is none
 */
export function findRefusal(
  socket: TLSSocket,
  where: string,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<HandshakeError | undefined> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void): void => {
      cancel();
      signal.removeEventListener('abort', onAbort);
      socket.off('error', onError).off('session', onWelcome).off('data', onWelcome).off('close', onClose);
      // What comes from now on is of no interest.
      socket.on('error', () => {});
      finish();
    };
    const onError = (error: Error): void => settle(() => resolve(tlsError(where, error)));
    const onWelcome = (): void => settle(() => resolve(undefined));
    const onClose = (): void => settle(() => resolve(tlsError(where, new Error('EOF'))));
    const onAbort = (): void => settle(() => reject(signal.reason));
    const cancel = clock.schedule(QUIET_MS, onWelcome);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', onError).once('session', onWelcome).once('data', onWelcome).once('close', onClose);
  });
}
