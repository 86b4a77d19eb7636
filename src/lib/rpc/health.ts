import { HealthCheckResponse_ServingStatus, type HealthDefinition } from '../wire/gen/grpc/health/v1/health.ts';
import type { ServiceImplementation } from './call-context.ts';
import { RpcCode, RpcError } from './status.ts';

/** What `HealthDefinition` is served with. */
export interface HealthOptions {
  /** Whether the process as a whole does its work. A failure to find out counts as a no. */
  readonly isServing: (options: { signal: AbortSignal }) => boolean | Promise<boolean>;
  /** Told why the question could not be answered. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/**
 * The service `grpc.health.v1.Health` as SPIRE has it: `Check` for the whole process only (a named service is
 * `InvalidArgument`); `Watch` and `List` are not implemented.
 */
export function createHealthService(options: HealthOptions): ServiceImplementation<typeof HealthDefinition> {
  return {
    async check(request, { signal }) {
      if (request.service !== '') {
        throw new RpcError(RpcCode.invalidArgument, 'per-service health is not supported');
      }
      const isServing = await findOut(options, signal);
      const { SERVING, NOT_SERVING } = HealthCheckResponse_ServingStatus;
      return { status: isServing ? SERVING : NOT_SERVING };
    },
  };
}

async function findOut(options: HealthOptions, signal: AbortSignal): Promise<boolean> {
  try {
    return await options.isServing({ signal });
  } catch (error) {
    signal.throwIfAborted();
    options.onError?.(error);
    return false;
  }
}
