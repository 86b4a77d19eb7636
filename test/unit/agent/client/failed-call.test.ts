import { describe, expect, test } from 'vitest';
import { fetchAuthorizedEntries } from '../../../../src/lib/agent/client/authorized-entries.ts';
import { signJwtSvid } from '../../../../src/lib/agent/client/jwt-svid.ts';
import { TrustBundleFetcher } from '../../../../src/lib/agent/client/trust-bundles.ts';
import { signX509Svids } from '../../../../src/lib/agent/client/x509-svids.ts';
import { RpcClient } from '../../../../src/lib/rpc/client.ts';
import { MemoryLog, TestFolder } from '../support.ts';

type Call = (
  client: RpcClient,
  options: { signal: AbortSignal; timeoutMs: number; log: MemoryLog },
) => Promise<unknown>;

const calls: readonly (readonly [what: string, call: Call])[] = [
  [
    'fetch authorized entries',
    (client, options) => fetchAuthorizedEntries(client, { ...options, known: new Map(), useSync: true }),
  ],
  [
    'fetch bundle',
    (client, { log, ...options }) =>
      new TrustBundleFetcher(log).fetch(client, { ...options, federatesWith: new Set() }),
  ],
  ['batch new X509 SVID(s)', (client, options) => signX509Svids(client, [], options)],
  ['fetch JWT SVID', (client, options) => signJwtSvid(client, { entryId: 'a', audience: ['b'] }, options)],
];

async function fail(call: Call, signal: AbortSignal): Promise<{ log: MemoryLog; error: unknown }> {
  using folder = new TestFolder();
  await using client = new RpcClient({ kind: 'unix', path: folder.file('absent') });
  const log = new MemoryLog();
  const error = await call(client, { signal, timeoutMs: 30_000, log }).catch((reason: unknown) => reason);
  return { log, error };
}

describe('a call to the server', () => {
  test.each(calls)('that fails is logged and named in the error (%s)', async (what, call) => {
    const { log, error } = await fail(call, new AbortController().signal);
    expect(log.lines).toMatchObject([{ level: 'error', message: `Failed to ${what}` }]);
    expect(error).toMatchObject({ code: 'unavailable', message: expect.stringMatching(/^failed to /) });
  });

  test.each(calls)('that the agent breaks off itself is not logged (%s)', async (_, call) => {
    const { log, error } = await fail(call, AbortSignal.abort());
    expect(log.lines).toEqual([]);
    expect(error).toMatchObject({ code: 'canceled' });
  });
});
