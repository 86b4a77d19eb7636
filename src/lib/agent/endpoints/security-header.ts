import type { CallContext } from '../../rpc/call-context.ts';
import { RpcCode, RpcError } from '../../rpc/status.ts';

const WORKLOAD_API = '/SpiffeWorkloadAPI/';
const HEADER = 'workload.spiffe.io';

/**
 * Refuses calls of the Workload API that lack its header, before anything else looks at them (Workload Endpoint section
 * 3): a browser or proxy that was talked into connecting cannot set it. Other services are let through.
 */
export async function requireSecurityHeader(call: CallContext, next: () => Promise<void>): Promise<void> {
  if (call.method.startsWith(WORKLOAD_API)) {
    const values = call.metadata.get(HEADER);
    if (values.length !== 1 || values[0] !== 'true') {
      throw new RpcError(RpcCode.invalidArgument, 'security header missing from request');
    }
  }
  await next();
}
