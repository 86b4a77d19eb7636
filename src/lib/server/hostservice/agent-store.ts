import { type HostService, hostService } from '../../catalog/external/host-service.ts';
import { RpcCode, RpcError } from '../../rpc/status.ts';
import { SpiffeId } from '../../spiffe/spiffe-id.ts';
import { inField } from '../../wire/convert/conversion-error.ts';
import { AgentStoreDefinition } from '../../wire/gen/spire/hostservice/server/agentstore/v1/agentstore.ts';
import type { NodeStore } from '../datastore/node-store.ts';

/** Lets plugins ask whether an agent has attested before: proofs that count once are refused to those who have. */
export function agentStoreService(nodes: Pick<NodeStore, 'findNode'>): HostService {
  return hostService(AgentStoreDefinition, {
    async getAgentInfo({ agentId }) {
      const id = inField('invalid agent ID', () => SpiffeId.parse(agentId));
      if ((await nodes.findNode(id)) === undefined) throw new RpcError(RpcCode.notFound, 'no such agent');
      return { info: { agentId } };
    },
  });
}
