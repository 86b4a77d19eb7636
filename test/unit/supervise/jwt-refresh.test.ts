import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RpcCode, RpcError } from '../../../src/lib/rpc/status.ts';
import { JwtRefresh, type JwtToken } from '../../../src/lib/supervise/jwt-refresh.ts';
import { WorkloadApiClient } from '../../../src/lib/workloadapi/client.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { type ServedWorkloadApi, serveWorkloadApi } from '../workloadapi/serve-workload-api.ts';
import { JwtTokens } from './jwt-tokens.ts';
import { until } from './until.ts';

const MINUTE_MS = 60_000;

let clock: ManualClock;
let tokens: JwtTokens;
let api: ServedWorkloadApi;
let isRefusing: boolean;
let asked: number;
let got: JwtToken[];
let failures: string[];
let stop: AbortController;
let refresh: JwtRefresh;
let running: Promise<void>;

beforeEach(async () => {
  clock = new ManualClock();
  tokens = await JwtTokens.open(10 * MINUTE_MS, () => clock.nowMs());
  isRefusing = false;
  asked = 0;
  got = [];
  failures = [];
  api = await serveWorkloadApi({
    fetchJWTSVID: async (request) => {
      asked += 1;
      if (isRefusing) throw new RpcError(RpcCode.unavailable, 'not now');
      return tokens.fetch(request);
    },
  });
  stop = new AbortController();
  refresh = new JwtRefresh({
    client: new WorkloadApiClient({ kind: 'unix', path: api.path }),
    clock,
    audience: ['reports'],
    random: () => 0.5,
    onToken: (token) => got.push(token),
    onFailure: ({ message }) => failures.push(message),
  });
  running = refresh.run(stop.signal);
});

afterEach(async () => {
  stop.abort();
  await running;
  await api[Symbol.asyncDispose]();
});

/** Lets time pass in steps as long as nobody asks. */
async function minutesUntilAsked(times: number): Promise<number> {
  for (let minutes = 0; ; minutes += 0.5) {
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    if (asked >= times) return minutes;
    clock.advance(MINUTE_MS / 2);
  }
}

describe('a token', () => {
  it('is asked for as soon as it is known whose, and again at half of its life', async () => {
    clock.advance(MINUTE_MS);
    expect(asked).toBe(0);
    refresh.setId('spiffe://example.org/web');
    await until(() => got[0]);
    expect(got[0]).toMatchObject({ spiffeId: 'spiffe://example.org/web', expiresAtMs: expect.any(Number) });
    expect(await minutesUntilAsked(2)).toBe(5);
    await until(() => got[1]);
    expect(await minutesUntilAsked(3)).toBe(5);
  });

  it('of another identity is asked for at once', async () => {
    refresh.setId('spiffe://example.org/web');
    await until(() => got[0]);
    refresh.setId('spiffe://example.org/other');
    await until(() => got[1]);
    expect(got[1]?.spiffeId).toBe('spiffe://example.org/other');
    refresh.setId(undefined);
    clock.advance(60 * MINUTE_MS);
    expect(asked).toBe(2);
  });

  it('that cannot be had is asked for again after 1 s, 2 s, ...', async () => {
    isRefusing = true;
    refresh.setId('spiffe://example.org/web');
    for (const seconds of [1, 2, 3]) {
      await until(() => failures.length === seconds || undefined);
      await until(() => clock.isAwaited(seconds * 1000) || undefined);
      isRefusing = seconds < 3;
      clock.advance(seconds * 1000);
    }
    await until(() => got[0]);
  });

  it('F16: is asked for at once after the machine has slept over half of its life', async () => {
    refresh.setId('spiffe://example.org/web');
    await until(() => got[0]);
    await until(() => clock.pending > 0 || undefined);
    clock.suspend(12 * 60 * MINUTE_MS);
    clock.advance(30_000);
    await until(() => got[1]);
  });
});
