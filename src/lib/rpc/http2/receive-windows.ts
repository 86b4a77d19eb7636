import type { SessionWindows } from './client-session.ts';
import { Http2Error } from './http2-error.ts';

/** What a peer has in flight towards one window. */
interface Account {
  /** Bytes that came and have not been given back. */
  outstanding: number;
  /** Those of them that were taken by the reader. */
  taken: number;
}

/**
 * Flow control for what the peer sends (RFC 9113, section 5.2): holds it to its windows, so that it cannot fill the
 * memory of a reader that has paused, and gives a window back when half of it has been read.
 */
export class ReceiveWindows {
  readonly #limits: SessionWindows;
  readonly #open: (id: number, bytes: number) => void;
  readonly #connection: Account = { outstanding: 0, taken: 0 };
  readonly #streams = new Map<number, Account>();

  /** @param open tells the peer that it may send so many bytes more; stream 0 stands for the connection */
  constructor(limits: SessionWindows, open: (id: number, bytes: number) => void) {
    this.#limits = limits;
    this.#open = open;
  }

  /** Data has come. Throws {@link Http2Error} if it is more than there was room for. */
  received(id: number, bytes: number): void {
    const stream = this.#streams.get(id) ?? { outstanding: 0, taken: 0 };
    this.#streams.set(id, stream);
    stream.outstanding += bytes;
    this.#connection.outstanding += bytes;
    if (stream.outstanding > this.#limits.streamWindowBytes) {
      throw new Http2Error('flow-control', 'more data than the stream has room for');
    }
    if (this.#connection.outstanding > this.#limits.connectionWindowBytes) {
      throw new Http2Error('flow-control', 'more data than the connection has room for');
    }
  }

  /** The reader has taken data; `isLast` says that none follows on the stream. */
  consumed(id: number, bytes: number, isLast: boolean): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    take(stream, bytes, isLast ? Number.POSITIVE_INFINITY : this.#limits.streamWindowBytes / 2, (room) =>
      this.#open(id, room),
    );
    this.#takeFromConnection(bytes);
  }

  /** The stream has ended: what was not read of it no longer burdens the connection. */
  forget(id: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    this.#streams.delete(id);
    this.#takeFromConnection(stream.outstanding - stream.taken);
  }

  #takeFromConnection(bytes: number): void {
    take(this.#connection, bytes, this.#limits.connectionWindowBytes / 2, (room) => this.#open(0, room));
  }
}

function take(account: Account, bytes: number, threshold: number, open: (room: number) => void): void {
  account.taken += bytes;
  if (account.taken < threshold) return;
  const room = account.taken;
  account.outstanding -= room;
  account.taken = 0;
  open(room);
}
