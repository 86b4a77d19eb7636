import type { KeyObject } from 'node:crypto';
import { createCsr } from '../../src/lib/crypto/csr.ts';
import { generateKey } from '../../src/lib/crypto/key.ts';
import { signerFromKey } from '../../src/lib/crypto/signer.ts';
import type { RpcClient } from '../../src/lib/rpc/client.ts';
import { AgentDefinition } from '../../src/lib/wire/gen/spire/api/server/agent/v1/agent.ts';
import type { SPIFFEID } from '../../src/lib/wire/gen/spire/api/types/spiffeid.ts';

/** What an agent proves itself with over TLS. */
export interface AgentIdentity {
  readonly certificateChain: readonly Uint8Array[];
  readonly privateKey: KeyObject;
}

/** Attests an agent with a join token over a TLS connection that shows no certificate. */
export async function attestAgent(
  remote: RpcClient,
  token: string,
): Promise<{ agentId: SPIFFEID; identity: AgentIdentity }> {
  const privateKey = await generateKey('ec-p256');
  const csr = Buffer.from(await createCsr({ signer: signerFromKey(privateKey) }));
  const call = remote.bidi(AgentDefinition, 'attestAgent');
  const data = { type: 'join_token', payload: Buffer.from(token) };
  await call.send({ step: { $case: 'params', value: { data, params: { csr } } } });
  for await (const { step } of call.responses) {
    const svid = step?.$case === 'result' ? step.value.svid : undefined;
    if (svid?.id === undefined) break;
    call.end();
    return { agentId: svid.id, identity: { certificateChain: svid.certChain, privateKey } };
  }
  throw new Error('the agent was not attested');
}
