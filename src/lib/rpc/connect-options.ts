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
}
