import type { Certificate } from '../../../../crypto/certificate.ts';
import { UpstreamServer, type UpstreamServerOptions } from './upstream-server.ts';
import type { WorkloadIdentity } from './workload-identity.ts';

/** A client under one identity. */
interface Lease {
  readonly leaf: Certificate | undefined;
  readonly server: UpstreamServer;
  users: number;
}

/** The connection to the upstream server: opened when it is needed, and anew when this server has got another SVID there. */
export class ServerConnection implements AsyncDisposable {
  readonly #options: UpstreamServerOptions;
  readonly #identity: WorkloadIdentity;
  readonly #leases = new Set<Lease>();
  #current: Lease | undefined;

  constructor(options: UpstreamServerOptions, identity: WorkloadIdentity) {
    this.#options = options;
    this.#identity = identity;
  }

  /** Runs calls; they end with the identity that they began with. Errors: those of {@link WorkloadIdentity.get} and of the calls. */
  async use<T>(options: { readonly signal: AbortSignal }, run: (server: UpstreamServer) => Promise<T>): Promise<T> {
    const lease = await this.#lease(options);
    lease.users += 1;
    try {
      return await run(lease.server);
    } finally {
      lease.users -= 1;
      await this.#closeIfUnused(lease);
    }
  }

  /** Calls that still run fail. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#current = undefined;
    await Promise.all(Array.from(this.#leases, ({ server }) => server[Symbol.asyncDispose]()));
  }

  async #lease(options: { readonly signal: AbortSignal }): Promise<Lease> {
    const { svid } = await this.#identity.get(options);
    const [leaf] = svid.certificates;
    const before = this.#current;
    if (before !== undefined && leaf !== undefined && before.leaf?.equals(leaf) === true) return before;
    const server = new UpstreamServer(this.#options, svid, () => this.#identity.current?.bundles);
    const lease = { leaf, server, users: 0 };
    this.#leases.add(lease);
    this.#current = lease;
    if (before !== undefined) await this.#closeIfUnused(before);
    return lease;
  }

  async #closeIfUnused(lease: Lease): Promise<void> {
    if (lease === this.#current || lease.users > 0) return;
    this.#leases.delete(lease);
    await lease.server[Symbol.asyncDispose]();
  }
}
