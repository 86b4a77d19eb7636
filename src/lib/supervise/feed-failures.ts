import type { SpirekitError } from '../runtime/errors.ts';
import type { FeedSource } from './identity-feed.ts';
import type { WatchEvent } from './watch-event.ts';

/** What is known when something fails. */
interface Circumstances {
  readonly hasIdentity: boolean;
  readonly removes: boolean;
}

const WORDS: Readonly<Record<FeedSource, string>> = {
  x509: 'X509-SVIDs',
  jwt: 'a JWT-SVID',
  'jwt-bundles': 'the keys of JWT-SVIDs',
};

/** Turns failures of the agent into what is told of them: each once, not with every try, and when it is over. */
export class FeedFailures {
  readonly #tell: (event: WatchEvent) => void;
  readonly #last = new Map<FeedSource, string>();
  #lastError: SpirekitError | undefined;

  constructor(tell: (event: WatchEvent) => void) {
    this.#tell = tell;
  }

  /** The latest, if what failed has not come since. */
  get lastError(): SpirekitError | undefined {
    return this.#lastError;
  }

  /** Whether it means that an identity has been taken away. */
  failed(source: FeedSource, error: SpirekitError, { hasIdentity, removes }: Circumstances): boolean {
    this.#lastError = error;
    const isRevoked = source === 'x509' && error.code === 'permission-denied' && hasIdentity;
    const key = isRevoked ? 'revoked' : error.message;
    const isKnown = this.#last.get(source) === key;
    this.#last.set(source, key);
    if (isKnown) return isRevoked;
    if (isRevoked) {
      const then = removes ? 'what was written is removed' : 'what was written is kept until it expires';
      this.#tell({
        event: 'revoked',
        code: 'SPK-7101',
        message: `the agent grants this identity no more (${error.message}); ${then}`,
      });
    } else if (hasIdentity) {
      this.#tell({
        event: 'stream-failed',
        code: 'SPK-7108',
        message: `no news of ${WORDS[source]}, trying again: ${error.message}`,
      });
    } else {
      this.#tell({ event: 'waiting', message: `waiting for ${WORDS[source]}: ${error.message}` });
    }
    return isRevoked;
  }

  answered(source: FeedSource): void {
    const before = this.#last.get(source);
    if (before === undefined) return;
    this.#last.delete(source);
    this.#lastError = undefined;
    this.#tell({ event: 'reconnected', message: `the agent gives ${WORDS[source]} again` });
  }
}
