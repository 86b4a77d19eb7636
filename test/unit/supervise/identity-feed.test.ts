import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RpcCode, RpcError } from '../../../src/lib/rpc/status.ts';
import { type FedIdentity, IdentityFeed } from '../../../src/lib/supervise/identity-feed.ts';
import type { JWTBundlesResponse, X509SVIDResponse } from '../../../src/lib/wire/gen/workload.ts';
import { WorkloadApiClient } from '../../../src/lib/workloadapi/client.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { grant, makeIdentity, type ServedWorkloadApi, serveWorkloadApi } from '../workloadapi/serve-workload-api.ts';
import { JwtTokens } from './jwt-tokens.ts';
import { until } from './until.ts';

const WEB = 'spiffe://example.org/web';

let clock: ManualClock;
let api: ServedWorkloadApi;
let tokens: JwtTokens;
let push: (response: X509SVIDResponse) => void;
let fed: FedIdentity[];
let failures: string[];
let areTokensRefused: boolean;
let stop: AbortController;
let running: Promise<void>;

beforeEach(async () => {
  clock = new ManualClock();
  tokens = await JwtTokens.open(600_000, () => clock.nowMs());
  areTokensRefused = false;
  fed = [];
  failures = [];
  stop = new AbortController();
  const first = grant([await makeIdentity('/web')]);
  api = await serveWorkloadApi({
    async *fetchX509SVID(_, { signal }) {
      yield first;
      for (;;) {
        yield await new Promise<X509SVIDResponse>((resolve, reject) => {
          push = resolve;
          signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        });
      }
    },
    fetchJWTSVID: async (request) => {
      if (areTokensRefused) throw new RpcError(RpcCode.unavailable, 'no keys yet');
      return tokens.fetch(request);
    },
    async *fetchJWTBundles(_, { signal }) {
      yield { bundles: { 'spiffe://example.org': Buffer.from('{"keys":[]}') } } satisfies JWTBundlesResponse;
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    },
  });
});

afterEach(async () => {
  stop.abort();
  await running;
  await api[Symbol.asyncDispose]();
});

function run(wants: { audiences?: readonly string[]; bundles?: boolean }): void {
  const feed = new IdentityFeed(
    {
      client: new WorkloadApiClient({ kind: 'unix', path: api.path }),
      clock,
      jwtAudiences: (wants.audiences ?? []).map((name) => ({ name, audience: name.split(',') })),
      wantsJwtBundles: wants.bundles ?? false,
      chooseId: ({ svids }) => `${svids[0]?.id}`,
      random: () => 0.5,
      onFailure: (source, { message }) => failures.push(`${source}: ${message}`),
      onAnswer: () => undefined,
    },
    { put: (identity) => fed.push(identity) },
  );
  running = feed.run(stop.signal);
}

describe('what the agent gives', () => {
  it('is handed on when all of it is there', async () => {
    run({ audiences: ['a', 'b,c'], bundles: true });
    const first = await until(() => fed[0]);
    expect(first.missing).toEqual([]);
    expect(first.jwtSvids.map(({ spiffeId }) => spiffeId)).toEqual([WEB, WEB]);
    expect([...(first.jwtBundles ?? [])].map(([name]) => name)).toEqual(['example.org']);
    expect(fed.length).toBe(1);
  });

  it('is handed on after a while without what does not come, and again with it', async () => {
    areTokensRefused = true;
    run({ audiences: ['a'] });
    await until(() => failures[0]);
    expect(failures[0]).toMatch(/^jwt: .*no keys yet/);
    expect(fed).toEqual([]);
    clock.advance(5000);
    const first = await until(() => fed[0]);
    expect([first.missing, first.jwtSvids]).toEqual([['a JWT-SVID for a'], []]);
    areTokensRefused = false;
    while (fed.length < 2) {
      clock.advance(1000);
      await until(() => fed.length === 2 || clock.pending > 0 || undefined);
    }
    expect(fed[1]?.missing).toEqual([]);
  });

  it('has no token of an identity that is not the chosen one any more', async () => {
    run({ audiences: ['a'] });
    await until(() => fed[0]);
    push(grant([await makeIdentity('/other')]));
    const second = await until(() => fed[1]);
    expect(second.jwtSvids[0]?.spiffeId).toBe('spiffe://example.org/other');
  });

  it('is as it was when an answer cannot be read', async () => {
    run({});
    await until(() => fed[0]);
    push(grant([]));
    await until(() => failures[0]);
    expect(failures[0]).toMatch(/^x509: .*no SVIDs/);
    push(grant([await makeIdentity('/other')]));
    await until(() => fed[1]);
  });
});
