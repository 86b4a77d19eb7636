import { once } from 'node:events';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';

/** Where the attacks go. */
export type Target =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tls'; readonly port: number; readonly from?: string | undefined };

/** Opens connections to one target, and closes all of them in the end. */
export class Attacker implements Disposable {
  readonly target: Target;
  readonly #open = new Set<Duplex>();

  constructor(target: Target) {
    this.target = target;
  }

  /** A connection, past TLS; undefined if it was refused. What the other side says is read and dropped. */
  async connect(): Promise<Duplex | undefined> {
    const { target } = this;
    const from = target.kind === 'tls' && target.from !== undefined ? { localAddress: target.from } : {};
    const socket =
      target.kind === 'unix'
        ? connect(target.path)
        : connectTls({
            host: '127.0.0.1',
            port: target.port,
            ...from,
            ALPNProtocols: ['h2'],
            rejectUnauthorized: false,
          });
    return this.#untilOpen(socket, target.kind === 'unix' ? 'connect' : 'secureConnect');
  }

  /** A connection below TLS, if there is any. */
  async connectBare(): Promise<Duplex | undefined> {
    const { target } = this;
    const from = target.kind === 'tls' && target.from !== undefined ? { localAddress: target.from } : {};
    const socket =
      target.kind === 'unix' ? connect(target.path) : connect({ host: '127.0.0.1', port: target.port, ...from });
    return this.#untilOpen(socket, 'connect');
  }

  /** How many connections are open. */
  get openCount(): number {
    return this.#open.size;
  }

  /** Closes all connections. */
  [Symbol.dispose](): void {
    for (const socket of this.#open) socket.destroy();
  }

  async #untilOpen(socket: Duplex, event: string): Promise<Duplex | undefined> {
    this.#open.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => this.#open.delete(socket));
    socket.resume();
    await Promise.race([once(socket, event), once(socket, 'close')]).catch(() => {});
    return socket.destroyed ? undefined : socket;
  }
}

/** Writes all parts, as fast as they are taken; ends early when the other side hangs up. Resolves to how many were taken. */
export async function send(socket: Duplex, parts: Iterable<Uint8Array>): Promise<number> {
  const closed = new Promise<void>((resolve) => socket.once('close', resolve));
  let count = 0;
  for (const part of parts) {
    if (!socket.writable) break;
    count += 1;
    if (!socket.write(part)) await Promise.race([closed, new Promise((resolve) => socket.once('drain', resolve))]);
  }
  return count;
}

/** The same, but does not wait for ever on a side that reads no more: gives up when nothing was taken for a while. */
export async function sendUnread(socket: Duplex, parts: Iterable<Uint8Array>, patienceMs: number): Promise<void> {
  const timer = setTimeout(() => socket.destroy(), patienceMs);
  await send(socket, parts);
  clearTimeout(timer);
}

/** The same part so often. */
export function* repeat(part: Uint8Array, count: number): Generator<Uint8Array, void, undefined> {
  for (let index = 0; index < count; index += 1) yield part;
}

/** Resolves when the other side has hung up, or after the time. */
export async function untilClosed(socket: Duplex, timeoutMs: number): Promise<void> {
  if (socket.closed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeoutMs);
  socket.once('close', resolve);
  await promise;
  clearTimeout(timer);
}
