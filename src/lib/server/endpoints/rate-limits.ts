import type { CallContext, Interceptor } from '../../rpc/call-context.ts';
import { RpcError, rpcStatusOf } from '../../rpc/status.ts';
import { type CallCounterDeps, countCall } from '../../telemetry/call-counter.ts';
import { rpcMetricKey } from '../../telemetry/rpc-metrics.ts';
import { AddressLimiter } from './address-limiter.ts';

/** Which limits the configuration leaves on. */
export interface RateLimitSettings {
  readonly attestation: boolean;
  readonly signing: boolean;
}

/** Waits until the caller may do `count` things of the kind that the call does. Error: `ResourceExhausted`. */
export type LimitCall = (call: CallContext, count: number) => Promise<void>;

/** The limits of a server. */
export interface RateLimits {
  /** Counts each call of a limited method as one. */
  readonly interceptor: Interceptor;
  /** For signing several X509-SVIDs in a call: each counts, and the interceptor leaves such calls alone. */
  readonly limitX509Signing: LimitCall;
}

/** SPIRE's limits, in calls a second and address. Callers on the private socket have none. */
export function rateLimits(settings: RateLimitSettings, counters: CallCounterDeps): RateLimits {
  const { clock } = counters;
  const attestation = settings.attestation ? new AddressLimiter(1, clock) : undefined;
  const x509Signing = settings.signing ? new AddressLimiter(500, clock) : undefined;
  const jwtSigning = settings.signing ? new AddressLimiter(500, clock) : undefined;
  const jwtKeyPush = new AddressLimiter(500, clock);
  const witKeyPush = new AddressLimiter(500, clock);
  const status = new AddressLimiter(10, clock);
  const methods = new Map<string, readonly [limiter: AddressLimiter | undefined, what: string]>([
    ['/spire.api.server.agent.v1.Agent/AttestAgent', [attestation, 'attest agent rate limiting']],
    ['/spire.api.server.agent.v1.Agent/RenewAgent', [x509Signing, 'renew agent rate limiting']],
    ['/spire.api.server.agent.v1.Agent/PostStatus', [status, 'post status rate limiting']],
    ['/spire.api.server.svid.v1.SVID/NewJWTSVID', [jwtSigning, 'JWT signing request rate limiting']],
    ['/spire.api.server.svid.v1.SVID/NewDownstreamX509CA', [x509Signing, 'downstream CA signing rate limit']],
    ['/spire.api.server.bundle.v1.Bundle/PublishJWTAuthority', [jwtKeyPush, 'key publishing rate limiting']],
    ['/spire.api.server.bundle.v1.Bundle/PublishWITAuthority', [witKeyPush, 'key publishing rate limiting']],
  ]);
  return {
    interceptor: async (call, next) => {
      const limit = methods.get(call.method);
      if (limit !== undefined) await take(limit[0], call, 1, limit[1], counters);
      await next();
    },
    limitX509Signing: (call, count) => take(x509Signing, call, count, 'certificate signing rate limiting', counters),
  };
}

async function take(
  limiter: AddressLimiter | undefined,
  call: CallContext,
  count: number,
  what: string,
  counters: CallCounterDeps,
): Promise<void> {
  if (limiter === undefined || call.peer.kind !== 'tls') return;
  try {
    const { signal, deadlineMs } = call;
    const { address } = call.peer;
    await countCall(counters, ['rateLimit', ...rpcMetricKey(call.method).slice(1)], () =>
      limiter.take(address, count, { signal, deadlineMs }),
    );
  } catch (cause) {
    const { status, description } = rpcStatusOf(cause);
    throw new RpcError(status, `rejecting request due to ${what}: ${description}`, { cause });
  }
}
