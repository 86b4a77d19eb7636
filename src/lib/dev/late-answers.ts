import type { Interceptor } from '../rpc/call-context.ts';
import { type Clock, sleep } from '../runtime/clock.ts';
import { SpiffeWorkloadAPIDefinition } from '../wire/gen/workload.ts';

/** Lets each call of the Workload API wait before the agent gets to see it; what a stream says later is not held up. */
export function lateAnswers(delayMs: number, clock: Clock): Interceptor {
  return async (call, next) => {
    if (call.method.startsWith(`/${SpiffeWorkloadAPIDefinition.fullName}/`)) {
      await sleep(clock, delayMs, { signal: call.signal });
    }
    await next();
  };
}
