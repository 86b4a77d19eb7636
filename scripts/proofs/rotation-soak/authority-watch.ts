import { localAuthorityClient } from '../../../src/lib/client/local-authority-client.ts';
import { RpcClient } from '../../../src/lib/rpc/client.ts';

const LOOK_EVERY_MS = 1_000;

/** Notes which JWT authorities a server has, and until when each lives, while the server comes and goes. */
export class AuthorityWatch implements AsyncDisposable {
  /** Key id to the end of the key, in seconds since the Unix epoch. */
  readonly jwtKeys = new Map<string, number>();
  readonly #client: RpcClient;
  readonly #timer: NodeJS.Timeout;
  #look: Promise<void> = Promise.resolve();

  constructor(socketPath: string) {
    this.#client = new RpcClient({ kind: 'unix', path: socketPath });
    this.#timer = setInterval(() => {
      this.#look = this.look();
    }, LOOK_EVERY_MS);
  }

  /** Looks now. A server that does not answer is asked again later. */
  async look(): Promise<void> {
    const state = await localAuthorityClient(this.#client)
      .getJWTAuthorityState({}, { timeoutMs: LOOK_EVERY_MS })
      .catch(() => undefined);
    for (const authority of [state?.active, state?.prepared, state?.old]) {
      if (authority !== undefined) this.jwtKeys.set(authority.authorityId, Number(authority.expiresAt));
    }
  }

  /** Tokens that live longer than the key that signed them, by key id; a key that nobody has seen is one, too. */
  outlived(tokenKeys: Readonly<Record<string, number>>): string[] {
    return Object.entries(tokenKeys).flatMap(([keyId, end]) => (end <= (this.jwtKeys.get(keyId) ?? 0) ? [] : [keyId]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#look;
    await this.#client.close();
  }
}
