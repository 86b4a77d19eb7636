import { describe, expect, it } from 'vitest';
import { WorkloadApiClient } from '../../../src/lib/workloadapi/client.ts';
import { serveWorkloadApi } from './serve-workload-api.ts';

describe('WorkloadApiClient', () => {
  it('sends the security header with every call', async () => {
    const headers: (readonly string[])[] = [];
    const see = (call: { readonly metadata: { get(key: string): readonly string[] } }): void => {
      headers.push(call.metadata.get('workload.spiffe.io'));
    };
    await using api = await serveWorkloadApi({
      async *fetchX509SVID(_, call) {
        see(call);
        yield { svids: [], crl: [], federatedBundles: {} };
      },
      async *fetchX509Bundles(_, call) {
        see(call);
        yield { crl: [], bundles: {} };
      },
      async *fetchJWTBundles(_, call) {
        see(call);
        yield { bundles: {} };
      },
      async fetchJWTSVID(_, call) {
        see(call);
        return { svids: [] };
      },
      async validateJWTSVID(_, call) {
        see(call);
        return { spiffeId: '', claims: undefined };
      },
    });
    await using client = new WorkloadApiClient({ kind: 'unix', path: api.path });
    await client.fetchX509Svid();
    await client.fetchX509Bundles();
    await client.fetchJwtBundles();
    await client.fetchJwtSvid({ audience: ['a'] });
    await client.validateJwtSvid({ audience: 'a', svid: 'b' });
    expect(headers).toEqual(Array.from({ length: 5 }, () => ['true']));
  });

  it('takes the first answer of a stream and leaves', async () => {
    const left = Promise.withResolvers<void>();
    await using api = await serveWorkloadApi({
      async *fetchX509SVID(_, call) {
        call.signal.addEventListener('abort', () => left.resolve(), { once: true });
        yield { svids: [], crl: [Uint8Array.of(1)], federatedBundles: {} };
        await left.promise;
      },
    });
    await using client = new WorkloadApiClient({ kind: 'unix', path: api.path });
    expect((await client.fetchX509Svid()).crl).toHaveLength(1);
    await left.promise;
  });

  it('reports a stream that ends without an answer', async () => {
    await using api = await serveWorkloadApi({ async *fetchJWTBundles() {} });
    await using client = new WorkloadApiClient({ kind: 'unix', path: api.path });
    await expect(client.fetchJwtBundles()).rejects.toThrow('EOF');
  });

  it('gives up when the signal aborts', async () => {
    await using api = await serveWorkloadApi({
      async *fetchX509SVID(_, call) {
        await new Promise((resolve) => call.signal.addEventListener('abort', resolve, { once: true }));
      },
    });
    await using client = new WorkloadApiClient({ kind: 'unix', path: api.path });
    const controller = new AbortController();
    const call = client.fetchX509Svid({ signal: controller.signal });
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: 'canceled' });
  });
});
