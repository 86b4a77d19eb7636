import { EventEmitter, on } from 'node:events';
import type { X509SVIDResponse } from '../../../src/lib/wire/gen/workload.ts';
import { type ServedWorkloadApi, serveWorkloadApi } from './serve-workload-api.ts';

/** A Workload API that grants everybody the same, and pushes each change of it to those who watch. */
export class PushingWorkloadApi implements AsyncDisposable {
  readonly #pushes = new EventEmitter<{ push: [X509SVIDResponse] }>().setMaxListeners(0);
  #current: X509SVIDResponse;
  #served: ServedWorkloadApi | undefined;

  private constructor(first: X509SVIDResponse) {
    this.#current = first;
  }

  static async open(first: X509SVIDResponse): Promise<PushingWorkloadApi> {
    const api = new PushingWorkloadApi(first);
    api.#served = await serveWorkloadApi({ fetchX509SVID: (_, { signal }) => api.#stream(signal) });
    return api;
  }

  /** Of its socket. */
  get path(): string {
    return this.#served?.path ?? '';
  }

  push(response: X509SVIDResponse): void {
    this.#current = response;
    this.#pushes.emit('push', response);
  }

  async *#stream(signal: AbortSignal): AsyncGenerator<X509SVIDResponse> {
    const pushes = on(this.#pushes, 'push', { signal });
    yield this.#current;
    for await (const [response] of pushes) yield response;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#served?.[Symbol.asyncDispose]();
  }
}
