import type { X509SVIDResponse } from '../../../src/lib/wire/gen/workload.ts';
import { type ServedWorkloadApi, serveWorkloadApi } from '../../../test/unit/workloadapi/serve-workload-api.ts';

/** A Workload API that keeps every caller waiting until it is told to answer. */
export class GatedWorkloadApi implements AsyncDisposable {
  readonly #served: ServedWorkloadApi;
  readonly #onCaller: { next: PromiseWithResolvers<() => void> };

  private constructor(served: ServedWorkloadApi, onCaller: { next: PromiseWithResolvers<() => void> }) {
    this.#served = served;
    this.#onCaller = onCaller;
  }

  static async open(response: X509SVIDResponse): Promise<GatedWorkloadApi> {
    const onCaller = { next: Promise.withResolvers<() => void>() };
    const served = await serveWorkloadApi({
      async *fetchX509SVID(_, { signal }) {
        const gate = Promise.withResolvers<void>();
        signal.addEventListener('abort', () => gate.resolve(), { once: true });
        onCaller.next.resolve(gate.resolve);
        await gate.promise;
        yield response;
      },
    });
    return new GatedWorkloadApi(served, onCaller);
  }

  /** Of its socket. */
  get path(): string {
    return this.#served.path;
  }

  /** Resolves when the next caller waits, with what lets it have its answer. To be called before it is started. */
  nextCaller(): Promise<() => void> {
    this.#onCaller.next = Promise.withResolvers();
    return this.#onCaller.next.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#served[Symbol.asyncDispose]();
  }
}
