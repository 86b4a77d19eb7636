import type { RpcTarget } from '../../../../rpc/client.ts';
import { type Clock, sleep } from '../../../../runtime/clock.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import type { Logger } from '../../../../runtime/logger.ts';
import type { X509Svid } from '../../../../spiffe/x509-svid.ts';
import { WorkloadApiClient } from '../../../../workloadapi/client.ts';
import { watchStream } from '../../../../workloadapi/watch.ts';
import { parseX509Context, type X509Context } from '../../../../workloadapi/x509-context.ts';

/** What following the identity of this server at another one depends on. */
export interface WorkloadIdentityOptions {
  /** The Workload API. */
  readonly target: RpcTarget;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What a caller proves itself with. */
export interface Identity {
  readonly svid: X509Svid;
  readonly bundles: X509Context['bundles'];
}

/** How long a caller waits for the first identity: an agent may be starting, too. */
const PATIENCE_MS = 20_000;

/** Keeps what a Workload API says that this process is, from the first time it is asked for until it is disposed. */
export class WorkloadIdentity implements AsyncDisposable {
  readonly #options: WorkloadIdentityOptions;
  readonly #client: WorkloadApiClient;
  readonly #closing = new AbortController();
  readonly #listeners = new Set<() => void>();
  #current: Identity | undefined;
  #lastFailure = 'it has not answered yet';
  #watching: Promise<void> | undefined;

  constructor(options: WorkloadIdentityOptions) {
    this.#options = options;
    this.#client = new WorkloadApiClient(options.target, { clock: options.clock });
  }

  /** Undefined before the first one came. */
  get current(): Identity | undefined {
    return this.#current;
  }

  /** The identity as it is now; waits for the first one. Errors: `unavailable`, the reason of the signal. */
  async get(options: { readonly signal: AbortSignal }): Promise<Identity> {
    options.signal.throwIfAborted();
    this.#watching ??= this.#watch();
    if (this.#current !== undefined) return this.#current;
    await this.untilChanged(undefined, { timeoutMs: PATIENCE_MS, signal: options.signal });
    options.signal.throwIfAborted();
    if (this.#current !== undefined) return this.#current;
    throw new SpirekitError('unavailable', `no identity from the Workload API: ${this.#lastFailure}`);
  }

  /** Resolves when the identity or its bundle is another than this one, when the time is over, or when the signal aborts. */
  async untilChanged(
    from: Identity | undefined,
    { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<void> {
    if (signal.aborted || this.#current !== from) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.clock.schedule(timeoutMs, resolve);
    this.#listeners.add(resolve);
    const onAbort = (): void => resolve();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await promise;
    } finally {
      cancel();
      signal.removeEventListener('abort', onAbort);
      this.#listeners.delete(resolve);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#client[Symbol.asyncDispose]();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        for await (const event of watchStream((call) => this.#client.watchX509Svid(call), { clock, signal })) {
          if (event.kind === 'failure') this.#note(event.error);
          else this.#take(event.value);
        }
      } catch (error) {
        if (signal.aborted) return;
        this.#note(SpirekitError.from(error));
        log.warn('The Workload API refused the request for an identity', { error });
      }
      await sleep(clock, PATIENCE_MS, { signal }).catch(() => undefined);
    }
  }

  #take(response: Parameters<typeof parseX509Context>[0]): void {
    try {
      const { svids, bundles } = parseX509Context(response);
      const [svid] = svids;
      if (svid === undefined) return;
      this.#current = { svid, bundles };
    } catch (error) {
      this.#note(SpirekitError.from(error));
      this.#options.log.warn('The Workload API sent what is no identity', { error });
      return;
    }
    for (const listener of this.#listeners) listener();
  }

  #note({ message }: SpirekitError): void {
    if (this.#closing.signal.aborted) return;
    this.#lastFailure = message;
    this.#options.log.debug('The Workload API gives no identity', { error: message });
  }
}
