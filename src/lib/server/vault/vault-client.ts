import { type Clock, sleep } from '../../runtime/clock.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logger.ts';
import { TokenRenewal } from './token-renewal.ts';
import { type AnswerObject, parseAnswer, parseLogin, type VaultToken } from './vault-answer.ts';
import { login } from './vault-login.ts';
import { refusal, unreachable } from './vault-refusal.ts';
import type { VaultSettings } from './vault-settings.ts';
import { type VaultAnswer, type VaultRequest, VaultTransport } from './vault-transport.ts';

/** A call without the token, which the client adds. */
export type VaultCall = Omit<VaultRequest, 'token'>;

/** What ends a call early. */
export interface VaultCallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** What a client is made from. */
export interface VaultClientDeps {
  readonly clock: Clock;
  readonly log: Logger;
  /** Ends the opening. */
  readonly signal?: AbortSignal | undefined;
}

/** One login: its token, and the connections that were opened with the certificates of that moment. */
interface Session {
  readonly transport: VaultTransport;
  readonly token: string;
  readonly renewal: TokenRenewal;
  readonly sinceMs: number;
}

/** Tries of a call that Vault does not answer, or answers with its own trouble; those of Vault's own clients. */
const MOST_TRIES = 3;
const RETRY_AFTER_MS = 1_000;
/** After a refusal a session that is older than this is replaced once: its token may have been revoked. */
const FRESH_MS = 10_000;

/**
 * A Vault server (or OpenBao) to which this server has logged in. It renews its token, and logs in again by itself when
 * the token has ended. Messages of its errors name the address and what to do, and hold no secret.
 */
export class VaultClient implements AsyncDisposable {
  readonly #settings: VaultSettings;
  readonly #deps: VaultClientDeps;
  readonly #closing = new AbortController();
  /** What those who come wait for; {@link #current} once it is there. */
  #session: Promise<Session> | undefined;
  #current: Session | undefined;

  private constructor(settings: VaultSettings, deps: VaultClientDeps) {
    this.#settings = settings;
    this.#deps = deps;
  }

  /**
   * Logs in. Errors: `invalid-config` for files that cannot be used, `unauthenticated` when Vault refuses the
   * credentials, `unavailable` when it cannot be reached or is sealed, and the signal's reason.
   */
  static async open(settings: VaultSettings, deps: VaultClientDeps): Promise<VaultClient> {
    const client = VaultClient.later(settings, deps);
    try {
      await client.#getSession(deps.signal);
      return client;
    } catch (error) {
      await client[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Logs in with the first call. */
  static later(settings: VaultSettings, deps: VaultClientDeps): VaultClient {
    if (settings.insecureSkipVerify) {
      deps.log.warn('TLS verification of Vault certificates is skipped; leave insecure_skip_verify to tests');
    }
    return new VaultClient(settings, deps);
  }

  /** The address without credentials, for messages. */
  get address(): string {
    return this.#settings.address.href;
  }

  /**
   * Errors: `permission-denied`, `not-found`, `invalid-argument`, `unavailable`, those of {@link open}, and the reason
   * of the signal.
   */
  async call(request: VaultCall, options: VaultCallOptions = {}): Promise<AnswerObject> {
    const answer = await this.#send(request, options.signal);
    if (answer.status >= 200 && answer.status < 300) return parseAnswer(answer.text);
    throw refusal(this.address, request.path, answer);
  }

  /** Like {@link call}, but undefined where Vault has nothing. */
  async find(request: VaultCall, options: VaultCallOptions = {}): Promise<AnswerObject | undefined> {
    const answer = await this.#send(request, options.signal);
    if (answer.status >= 200 && answer.status < 300) return parseAnswer(answer.text);
    const error = refusal(this.address, request.path, answer);
    if (error.code === 'not-found') return undefined;
    throw error;
  }

  /** Ends what is under way. The token is left to end by itself: another server may have been given it too. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new SpirekitError('unavailable', 'the server is stopping'));
    const session = await this.#session?.catch(() => undefined);
    session?.renewal[Symbol.dispose]();
    session?.transport[Symbol.dispose]();
  }

  async #send(request: VaultCall, caller: AbortSignal | undefined): Promise<VaultAnswer> {
    const session = await this.#getSession(caller);
    const answer = await this.#try(session, { ...request, token: session.token }, caller);
    if (answer.status !== 401 && answer.status !== 403) return answer;
    if (this.#settings.auth.method === 'token') return answer;
    if (this.#deps.clock.monotonicMs() - session.sinceMs < FRESH_MS) return answer;
    this.#forget(session);
    const next = await this.#getSession(caller);
    return await this.#try(next, { ...request, token: next.token }, caller);
  }

  async #try(
    { transport }: Pick<Session, 'transport'>,
    request: VaultRequest,
    caller: AbortSignal | undefined,
  ): Promise<VaultAnswer> {
    const signals = caller === undefined ? [this.#closing.signal] : [caller, this.#closing.signal];
    for (let tries = 1; ; tries += 1) {
      const outcome = await transport.send(request, signals).catch((error: unknown) => SpirekitError.from(error));
      for (const signal of signals) signal.throwIfAborted();
      const isLast = tries >= MOST_TRIES;
      if (outcome instanceof SpirekitError) {
        if (isLast || outcome.code !== 'unavailable') throw unreachable(this.address, outcome);
      } else if (isLast || !isPassing(outcome.status)) return outcome;
      await sleep(this.#deps.clock, RETRY_AFTER_MS, { signal: AbortSignal.any(signals) });
    }
  }

  /** The session in use, or a new one for everybody who waits. */
  async #getSession(caller: AbortSignal | undefined): Promise<Session> {
    this.#closing.signal.throwIfAborted();
    caller?.throwIfAborted();
    if (this.#session === undefined) {
      this.#session = this.#openSession();
      this.#session.then(
        (session) => {
          this.#current = session;
        },
        () => {
          this.#session = undefined;
        },
      );
    }
    return await untilAborted(this.#session, caller);
  }

  async #openSession(): Promise<Session> {
    const { clock, log } = this.#deps;
    const transport = await VaultTransport.open(this.#settings, clock);
    try {
      const sinceMs = clock.monotonicMs();
      const lease = await login(this.#settings.auth, {
        address: this.address,
        send: (request) => this.#try({ transport }, request, undefined),
      });
      const renewal = new TokenRenewal(lease, {
        renew: () => this.#renew(transport, lease.token),
        onEnd: () => this.#onEnd(),
        clock,
        log,
      });
      return { transport, token: lease.token, renewal, sinceMs };
    } catch (error) {
      transport[Symbol.dispose]();
      throw error;
    }
  }

  async #renew(transport: VaultTransport, token: string): Promise<VaultToken> {
    const path = 'auth/token/renew-self';
    const answer = await this.#try({ transport }, { method: 'POST', path, body: {}, token }, undefined);
    if (answer.status === 200) return parseLogin(parseAnswer(answer.text));
    throw refusal(this.address, path, answer);
  }

  #onEnd(): void {
    if (this.#settings.auth.method === 'token') {
      this.#deps.log.error(
        'The token for Vault ends now and cannot be renewed; put a new one into token_auth or VAULT_TOKEN and restart, or use another authentication method',
      );
      return;
    }
    this.#deps.log.debug('The token for Vault ends; the next call logs in again');
    if (this.#current !== undefined) this.#forget(this.#current);
  }

  /** What is under way with it goes on; its connections end when they are idle. */
  #forget(session: Session): void {
    if (this.#current !== session) return;
    session.renewal[Symbol.dispose]();
    this.#current = undefined;
    this.#session = undefined;
  }
}

/** Statuses that Vault's own clients try again after: no active node yet, too many requests, its own trouble. */
function isPassing(status: number): boolean {
  return status === 412 || status === 429 || (status >= 500 && status !== 501);
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
