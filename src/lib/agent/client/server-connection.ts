import type { KeyObject } from 'node:crypto';
import type { Certificate } from '../../crypto/certificate.ts';
import { RpcClient } from '../../rpc/client.ts';
import { RpcCode, RpcError } from '../../rpc/status.ts';
import type { Clock } from '../../runtime/clock.ts';
import { authenticateServer } from '../../spiffe/server-authentication.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import { findCause } from './find-cause.ts';
import { recognizeServer } from './server-authentication.ts';

/** What the agent shows the server of itself. */
export interface AgentCredentials {
  /** Leaf first. */
  readonly chain: readonly Certificate[];
  readonly privateKey: KeyObject;
}

/** What a {@link ServerConnection} needs. Both functions are asked at each new connection. */
export interface ServerConnectionOptions {
  readonly address: string;
  readonly port: number;
  readonly trustDomain: TrustDomain;
  /** Undefined before the agent is attested. */
  readonly credentials: () => AgentCredentials | undefined;
  /** The authorities to know the server by; undefined trusts whoever answers in its name. */
  readonly authorities: () => readonly Certificate[] | undefined;
  readonly clock: Clock;
}

/** How long one call to the server may take; SPIRE's limit. */
export const CALL_TIMEOUT_MS = 30_000;

interface Lease {
  readonly client: RpcClient;
  /** Aborts when the connection is to be used no longer. */
  readonly retired: AbortController;
  users: number;
}

/**
 * The agent's connection to its server. It is opened when it is needed and replaced after a failure that may be its
 * own, and whenever the agent has got another SVID.
 */
export class ServerConnection implements AsyncDisposable {
  readonly #options: ServerConnectionOptions;
  #current: Lease | undefined;
  readonly #leases = new Set<Lease>();
  #callers = 0;
  #isReserved = false;
  #onFree: (() => void)[] = [];
  #isClosed = false;

  constructor(options: ServerConnectionOptions) {
    this.#options = options;
  }

  /** Runs calls; if the connection may be to blame for a failure, the next ones run on a new one. Waits while {@link reserve} is running. */
  async use<T>(run: (client: RpcClient) => Promise<T>): Promise<T> {
    while (this.#isReserved) await this.#untilFree();
    this.#callers++;
    try {
      return await this.#run((lease) => run(lease.client));
    } finally {
      this.#callers--;
      this.#wake();
    }
  }

  /** Runs a call that lasts. It is asked to end, by the signal, when the connection is replaced. */
  async useUntilReplaced<T>(run: (client: RpcClient, replaced: AbortSignal) => Promise<T>): Promise<T> {
    while (this.#isReserved) await this.#untilFree();
    return await this.#run((lease) => run(lease.client, lease.retired.signal));
  }

  /**
   * Runs calls that change who the agent is, while no others run: a server refuses the old SVID as soon as it has seen
   * the new one. Replaces the connection at the end. It waits for those under way, which end by their own timeouts.
   */
  async reserve<T>(run: (client: RpcClient) => Promise<T>): Promise<T> {
    while (this.#isReserved) await this.#untilFree();
    this.#isReserved = true;
    try {
      // Those that come now wait: others would keep this one waiting for ever.
      while (this.#callers > 0) await this.#untilFree();
      return await this.#run((lease) => run(lease.client));
    } finally {
      await this.replace();
      this.#isReserved = false;
      this.#wake();
    }
  }

  /** Lets go of the present connection; calls that run on it end first. */
  async replace(): Promise<void> {
    const lease = this.#current;
    if (lease !== undefined) await this.#retire(lease);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#current = undefined;
    for (const lease of this.#leases) lease.retired.abort();
    await Promise.all(Array.from(this.#leases, (lease) => lease.client.close()));
  }

  async #run<T>(run: (lease: Lease) => Promise<T>): Promise<T> {
    this.#current ??= this.#open();
    const lease = this.#current;
    lease.users++;
    try {
      return await run(lease);
    } catch (error) {
      if (isConnectionSuspect(error)) await this.#retire(lease);
      throw error;
    } finally {
      lease.users--;
      await this.#closeIfUnused(lease);
    }
  }

  #open(): Lease {
    const { address, port, trustDomain, credentials, authorities, clock } = this.#options;
    const agent = credentials();
    const client = new RpcClient(
      {
        kind: 'tcp',
        host: address,
        port,
        tls: {
          ...(agent && { certificateChain: agent.chain.map(({ der }) => der), privateKey: agent.privateKey }),
          verifyServer(chainDer) {
            const known = authorities();
            if (known === undefined) recognizeServer(chainDer, trustDomain);
            else authenticateServer(chainDer, { trustDomain, authorities: known, clock });
          },
        },
      },
      { clock },
    );
    const lease = { client, retired: new AbortController(), users: 0 };
    this.#leases.add(lease);
    if (this.#isClosed) lease.retired.abort();
    return lease;
  }

  async #retire(lease: Lease): Promise<void> {
    if (this.#current === lease) this.#current = undefined;
    lease.retired.abort();
    await this.#closeIfUnused(lease);
  }

  async #closeIfUnused(lease: Lease): Promise<void> {
    if (!lease.retired.signal.aborted || lease.users > 0) return;
    this.#leases.delete(lease);
    await lease.client.close();
  }

  #untilFree(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onFree.push(resolve);
    return promise;
  }

  #wake(): void {
    const waiting = this.#onFree;
    this.#onFree = [];
    for (const resolve of waiting) resolve();
  }
}

/** Answers that say something about the request, not about who asks whom. */
const HARMLESS: ReadonlySet<number> = new Set([
  RpcCode.canceled,
  RpcCode.invalidArgument,
  RpcCode.notFound,
  RpcCode.alreadyExists,
  RpcCode.resourceExhausted,
  RpcCode.failedPrecondition,
  RpcCode.aborted,
  RpcCode.outOfRange,
  RpcCode.unimplemented,
]);

/** Whether the next call should rather go over a new connection. A workload must not be able to bring that about. */
function isConnectionSuspect(error: unknown): boolean {
  const status = findCause(error, (cause) => (cause instanceof RpcError ? cause.status : undefined));
  return status === undefined || !HARMLESS.has(status);
}
