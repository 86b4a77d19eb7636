import { describe, expect, test } from 'vitest';
import type { CallContext, Peer } from '../../../../src/lib/rpc/call-context.ts';
import { RpcCode } from '../../../../src/lib/rpc/status.ts';
import { rateLimits } from '../../../../src/lib/server/endpoints/rate-limits.ts';
import { NO_METRICS } from '../../../../src/lib/telemetry/metrics.ts';
import { ManualClock } from '../../../support/manual-clock.ts';

const ATTEST = '/spire.api.server.agent.v1.Agent/AttestAgent';
const on = { attestation: true, signing: true };

function callOf(method: string, clock: ManualClock, address?: string): CallContext {
  const peer: Peer =
    address === undefined
      ? { kind: 'unix', pid: 1, uid: 0, gid: 0, isAlive: () => true }
      : { kind: 'tls', certificates: [], address, port: 1 };
  return {
    peer,
    method,
    metadata: { get: () => [] },
    signal: new AbortController().signal,
    // Whoever would have to wait is refused at once.
    deadlineMs: clock.nowMs(),
    values: new Map(),
    sendHeaders() {},
    setTrailer() {},
  };
}

/** How many of so many calls at once are let through. */
async function passed(limits: ReturnType<typeof rateLimits>, count: number, call: CallContext): Promise<number> {
  const calls = Array.from({ length: count }, () => limits.interceptor(call, async () => {}));
  return (await Promise.allSettled(calls)).filter(({ status }) => status === 'fulfilled').length;
}

describe('the limits of the server’s calls', () => {
  test.each([
    [ATTEST, 1],
    ['/spire.api.server.agent.v1.Agent/RenewAgent', 500],
    ['/spire.api.server.agent.v1.Agent/PostStatus', 10],
    ['/spire.api.server.svid.v1.SVID/NewJWTSVID', 500],
    ['/spire.api.server.svid.v1.SVID/NewDownstreamX509CA', 500],
    ['/spire.api.server.bundle.v1.Bundle/PublishJWTAuthority', 500],
    ['/spire.api.server.entry.v1.Entry/GetAuthorizedEntries', 600],
  ])('of %s are %i a second and address', async (method, limit) => {
    const clock = new ManualClock();
    const limits = rateLimits(on, { metrics: NO_METRICS, clock });
    expect(await passed(limits, 600, callOf(method, clock, '192.0.2.1'))).toBe(limit);
    expect(await passed(limits, 600, callOf(method, clock, '192.0.2.2'))).toBe(limit);
  });

  test('are not for callers on the private socket', async () => {
    const clock = new ManualClock();
    expect(await passed(rateLimits(on, { metrics: NO_METRICS, clock }), 50, callOf(ATTEST, clock))).toBe(50);
  });

  test('can be turned off', async () => {
    const clock = new ManualClock();
    const limits = rateLimits({ attestation: false, signing: false }, { metrics: NO_METRICS, clock: clock });
    expect(await passed(limits, 50, callOf(ATTEST, clock, '192.0.2.1'))).toBe(50);
    await limits.limitX509Signing(callOf('', clock, '192.0.2.1'), 100_000);
  });

  test('count each certificate of a batch', async () => {
    const clock = new ManualClock();
    const limits = rateLimits(on, { metrics: NO_METRICS, clock });
    const call = callOf('', clock, '192.0.2.1');
    await limits.limitX509Signing(call, 300);
    await expect(limits.limitX509Signing(call, 300)).rejects.toMatchObject({ status: RpcCode.resourceExhausted });
  });

  test('refuse in SPIRE’s words', async () => {
    const clock = new ManualClock();
    const { interceptor } = rateLimits(on, { metrics: NO_METRICS, clock });
    const call = callOf(ATTEST, clock, '192.0.2.1');
    await interceptor(call, async () => {});
    await expect(interceptor(call, async () => {})).rejects.toMatchObject({
      status: RpcCode.resourceExhausted,
      description: expect.stringMatching(/^rejecting request due to attest agent rate limiting: /),
    });
  });
});
