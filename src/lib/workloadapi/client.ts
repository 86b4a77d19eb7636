import { type RpcCallOptions, RpcClient, type RpcClientOptions, type RpcTarget } from '../rpc/client.ts';
import { RpcCode, RpcError } from '../rpc/status.ts';
import {
  type JWTBundlesResponse,
  type JWTSVIDResponse,
  SpiffeWorkloadAPIDefinition,
  type ValidateJWTSVIDResponse,
  type X509BundlesResponse,
  type X509SVIDResponse,
} from '../wire/gen/workload.ts';

/** How long a call may take and what ends it. */
export type WorkloadCallOptions = Pick<RpcCallOptions, 'signal' | 'timeoutMs'>;

/** Proof that the caller speaks to the Workload API on purpose (SPIFFE Workload API, section 6.1: security header). */
const SECURITY_HEADER = { 'workload.spiffe.io': 'true' } as const;

/**
 * The SPIFFE Workload API, as it is on the wire: `fetch...` gives the first answer of a stream and leaves, `watch...`
 * gives every answer until the stream breaks (it does not reconnect). Everything rejects with `RpcError`.
 */
export class WorkloadApiClient implements AsyncDisposable {
  readonly #rpc: RpcClient;

  constructor(target: RpcTarget, options?: RpcClientOptions) {
    this.#rpc = new RpcClient(target, options);
  }

  fetchX509Svid(options?: WorkloadCallOptions): Promise<X509SVIDResponse> {
    return first(this.watchX509Svid(options));
  }

  watchX509Svid(options?: WorkloadCallOptions): AsyncIterable<X509SVIDResponse> {
    return this.#rpc.serverStream(SpiffeWorkloadAPIDefinition, 'fetchX509SVID', {}, withHeader(options));
  }

  fetchX509Bundles(options?: WorkloadCallOptions): Promise<X509BundlesResponse> {
    return first(this.watchX509Bundles(options));
  }

  watchX509Bundles(options?: WorkloadCallOptions): AsyncIterable<X509BundlesResponse> {
    return this.#rpc.serverStream(SpiffeWorkloadAPIDefinition, 'fetchX509Bundles', {}, withHeader(options));
  }

  /** @param request.spiffeId empty for every identity of the caller */
  fetchJwtSvid(
    request: { readonly audience: readonly string[]; readonly spiffeId?: string },
    options?: WorkloadCallOptions,
  ): Promise<JWTSVIDResponse> {
    const message = { audience: [...request.audience], spiffeId: request.spiffeId ?? '' };
    return this.#rpc.unary(SpiffeWorkloadAPIDefinition, 'fetchJWTSVID', message, withHeader(options));
  }

  fetchJwtBundles(options?: WorkloadCallOptions): Promise<JWTBundlesResponse> {
    return first(this.watchJwtBundles(options));
  }

  watchJwtBundles(options?: WorkloadCallOptions): AsyncIterable<JWTBundlesResponse> {
    return this.#rpc.serverStream(SpiffeWorkloadAPIDefinition, 'fetchJWTBundles', {}, withHeader(options));
  }

  validateJwtSvid(
    request: { readonly audience: string; readonly svid: string },
    options?: WorkloadCallOptions,
  ): Promise<ValidateJWTSVIDResponse> {
    return this.#rpc.unary(SpiffeWorkloadAPIDefinition, 'validateJWTSVID', request, withHeader(options));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#rpc.close();
  }
}

function withHeader(options: WorkloadCallOptions | undefined): RpcCallOptions {
  return { ...options, metadata: SECURITY_HEADER };
}

async function first<T>(stream: AsyncIterable<T>): Promise<T> {
  for await (const message of stream) return message;
  // grpc-go's Recv gives io.EOF for a stream that ends without an answer.
  throw new RpcError(RpcCode.unknown, 'EOF');
}
