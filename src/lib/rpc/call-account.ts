import type { FairShare } from './fair-share.ts';
import { RpcCode, RpcError } from './status.ts';

/** What all calls of a server share. */
export interface ServerShares {
  /** Calls under way. */
  readonly calls: FairShare;
  /** Bytes of requests that have not been answered. */
  readonly requestBytes: FairShare;
  /** Bytes of responses that clients have not taken. */
  readonly responseBytes: FairShare;
}

/** What one call takes of what all calls share. */
export class CallAccount {
  readonly #shares: ServerShares;
  readonly #account: string;
  #requestBytes = 0;
  #responseBytes = 0;
  #isClosed = false;

  private constructor(shares: ServerShares, account: string) {
    this.#shares = shares;
    this.#account = account;
  }

  /** Undefined if the peer has too many calls already. Must be closed. */
  static tryOpen(shares: ServerShares, account: string): CallAccount | undefined {
    return shares.calls.tryTake(account) ? new CallAccount(shares, account) : undefined;
  }

  /** So many bytes of requests are held now. Throws `ResourceExhausted`. */
  holdRequest(bytes: number): void {
    this.#requestBytes = this.#hold(this.#shares.requestBytes, this.#requestBytes, bytes, 'unfinished requests');
  }

  /** So many bytes of responses wait to be taken now: any number if they are the only ones of the peer. Throws `ResourceExhausted`. */
  holdResponse(bytes: number): void {
    const share = this.#shares.responseBytes;
    if (!this.#isClosed && bytes > 0 && share.heldBy(this.#account) === 0) {
      share.take(this.#account, bytes);
      this.#responseBytes = bytes;
    } else {
      this.#responseBytes = this.#hold(share, this.#responseBytes, bytes, 'responses that are not read');
    }
  }

  /** Gives everything back, for good. */
  close(): void {
    if (this.#isClosed) return;
    this.holdRequest(0);
    this.holdResponse(0);
    this.#shares.calls.giveBack(this.#account);
    this.#isClosed = true;
  }

  #hold(share: FairShare, held: number, bytes: number, what: string): number {
    if (this.#isClosed) return 0;
    if (bytes < held) share.giveBack(this.#account, held - bytes);
    else if (bytes > held && !share.tryTake(this.#account, bytes - held)) {
      throw new RpcError(RpcCode.resourceExhausted, `too many ${what} at once`);
    }
    return bytes;
  }
}
