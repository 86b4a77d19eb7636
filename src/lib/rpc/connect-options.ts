import type { Clock } from '../runtime/clock.ts';

/** What opening a connection depends on. */
export interface ConnectOptions {
  readonly clock: Clock;
  /** How long connecting may take, then the TLS handshake, then the wait for the server's settings; in milliseconds. */
  readonly connectTimeoutMs: number;
  /** Gives up the attempt. */
  readonly signal: AbortSignal;
  /** After so many milliseconds in which the connection stayed open, ask whether the server still lives; undefined: never. */
  readonly keepaliveMs?: number | undefined;
  /** Which HTTP/2 runs on a unix socket: our small one by default, or Node's own. Other targets always get Node's. */
  readonly http2?: 'light' | 'node' | undefined;
}
