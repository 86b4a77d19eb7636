import type { Socket } from 'node:net';

/**
 * Waits until a socket is connected, or its handshake is over. An error, its end or the signal destroys it first.
 *
 * @param failure makes the error to reject with; of a socket that just ends it gets one whose message is `EOF`
 */
export function socketEvent<T extends Socket>(
  socket: T,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
  failure: (error: Error) => Error,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const done = (finish: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      socket.removeListener('error', onError);
      socket.removeListener('close', onClose);
      socket.removeListener(event, onEvent);
      finish();
    };
    const fail = (error: unknown): void =>
      done(() => {
        socket.on('error', () => {});
        socket.destroy();
        reject(error);
      });
    const onEvent = (): void => done(() => resolve(socket));
    const onError = (error: Error): void => fail(failure(error));
    const onClose = (): void => fail(failure(new Error('EOF')));
    const onAbort = (): void => fail(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', onError).once('close', onClose).once(event, onEvent);
  });
}
