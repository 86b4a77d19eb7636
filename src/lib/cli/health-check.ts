import { healthClient } from '../client/health-client.ts';
import type { RpcClient } from '../rpc/client.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { goQuote } from '../runtime/go-quote.ts';
import { HealthCheckResponse_ServingStatus as ServingStatus } from '../wire/gen/grpc/health/v1/health.ts';

/** Whom a health check asks, and who hears why it could not. */
export interface HealthCheck {
  /** How the program is called in the failure: `agent` or `server`. */
  readonly who: 'agent' | 'server';
  readonly signal: AbortSignal;
  /** Gets the reason that the failure itself leaves out. */
  readonly onFailure: (reason: string) => void;
}

/** @throws SpirekitError `unavailable` unless the program serves */
export async function checkHealth(rpc: RpcClient, check: HealthCheck): Promise<void> {
  let status: ServingStatus;
  try {
    ({ status } = await healthClient(rpc).check({ service: '' }, { signal: check.signal }));
  } catch (cause) {
    check.onFailure(SpirekitError.from(cause).message);
    throw new SpirekitError('unavailable', 'unable to determine health', { cause });
  }
  if (status === ServingStatus.SERVING) return;
  const name = Object.entries(ServingStatus).find(([, value]) => value === status)?.[0] ?? String(status);
  throw new SpirekitError('unavailable', `${check.who} returned status ${goQuote(name)}`);
}
