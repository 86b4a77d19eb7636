/** `spirekit/client`: typed clients of a SPIRE server's APIs and of an agent's admin API. */

export { RpcError } from '../rpc/status.ts';
export type { RpcTarget } from '../rpc/target.ts';
export { agentAdminClient } from './agent-admin-client.ts';
export { ServerClient } from './server-client.ts';
