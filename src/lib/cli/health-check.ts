import { healthClient } from '../client/health-client.ts';
import type { RpcClient } from '../rpc/client.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { goQuote } from '../runtime/go-quote.ts';
import { HealthCheckResponse_ServingStatus as ServingStatus } from '../wire/gen/grpc/health/v1/health.ts';
import type { CommandContext } from './command-context.ts';

/** Whom a health check asks, and who hears why it could not. */
export interface HealthCheck {
  /** How the program is called in the failure: `agent` or `server`. */
  readonly who: 'agent' | 'server';
  readonly context: Pick<CommandContext, 'program' | 'signal' | 'err'>;
  /** Whether a drop-in says why it could not ask, which its failure leaves out; the umbrella always does. */
  readonly verbose: boolean;
}

/** @throws SpirekitError unless the program serves: `unavailable`, and on the umbrella what kept it from being asked */
export async function checkHealth(rpc: RpcClient, { who, context, verbose }: HealthCheck): Promise<void> {
  let status: ServingStatus;
  try {
    ({ status } = await healthClient(rpc).check({ service: '' }, { signal: context.signal }));
  } catch (cause) {
    if (context.program === 'spirekit') throw cause;
    if (verbose) context.err(`Failed to check health: ${SpirekitError.from(cause).message}`);
    throw new SpirekitError('unavailable', 'unable to determine health', { cause });
  }
  if (status === ServingStatus.SERVING) return;
  const name = Object.entries(ServingStatus).find(([, value]) => value === status)?.[0] ?? String(status);
  throw new SpirekitError('unavailable', `${who} returned status ${goQuote(name)}`);
}
