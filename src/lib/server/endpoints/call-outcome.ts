import type { Interceptor } from '../../rpc/call-context.ts';
import { RpcCode, rpcStatusOf } from '../../rpc/status.ts';
import { callLogger } from '../authorization/call-logger.ts';

/** Writes how each call ended that failed, with the inner cause that its caller did not get to see. */
export const logFailedCalls: Interceptor = async (call, next) => {
  try {
    await next();
  } catch (error) {
    const { status, description } = rpcStatusOf(error);
    // Who hangs up is no failure of ours.
    if (status !== RpcCode.canceled) {
      const cause = error instanceof Error ? (error.cause ?? undefined) : error;
      const prefix = status === RpcCode.invalidArgument ? 'Invalid argument: ' : '';
      callLogger(call).error(`${prefix}${prefix === '' ? capitalize(description) : description}`, {
        ...(cause !== undefined && { error: cause }),
      });
    }
    throw error;
  }
};

function capitalize(sentence: string): string {
  return `${sentence.slice(0, 1).toUpperCase()}${sentence.slice(1)}`;
}
