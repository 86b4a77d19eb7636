/** `spirekit/workloadapi`: a client of any SPIFFE Workload API. */

export { RpcError } from '../rpc/status.ts';
export type { RpcTarget } from '../rpc/target.ts';
export { WorkloadApiClient, type WorkloadCallOptions } from './client.ts';
export { type WatchEvent, type WatchOptions, watchStream } from './watch.ts';
export { parseX509Context, type X509Context } from './x509-context.ts';
