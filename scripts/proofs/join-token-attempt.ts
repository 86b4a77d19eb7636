import { RpcClient } from '../../src/lib/rpc/client.ts';
import { RpcError } from '../../src/lib/rpc/status.ts';
import { attestAgent } from '../../test/support/attest-agent.ts';

/** Attests an agent over a connection of its own. Rejects as the server does. */
export async function useToken(token: string, port: number): Promise<void> {
  const tls = { verifyServer: () => {} };
  await using remote = new RpcClient({ kind: 'tcp', host: '127.0.0.1', port, tls });
  await attestAgent(remote, token);
}

/** The server has no such token, or no longer. */
export function isUsedUp(error: unknown): boolean {
  return error instanceof RpcError && error.description.includes('join token does not exist or has already been used');
}
