import type { CallContext, ServiceImplementation } from '../../../../rpc/call-context.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import { mapInTurns } from '../../../../runtime/next-turn.ts';
import { type AttestedNode, isBanned } from '../../../../spiffe/attested-node.ts';
import type { SpiffeId } from '../../../../spiffe/spiffe-id.ts';
import { agentToWire } from '../../../../wire/convert/agent.ts';
import { inField } from '../../../../wire/convert/conversion-error.ts';
import { joinTokenToWire } from '../../../../wire/convert/join-token.ts';
import { agentIdFromWire } from '../../../../wire/convert/spiffe-id.ts';
import type {
  AgentDefinition,
  RenewAgentRequest,
  RenewAgentResponse,
} from '../../../../wire/gen/spire/api/server/agent/v1/agent.ts';
import type { SPIFFEID } from '../../../../wire/gen/spire/api/types/spiffeid.ts';
import { PermissionDeniedDetails_Reason as Reason } from '../../../../wire/gen/spire/api/types/status.ts';
import { LIST_ORDER, LIST_TOTAL, parseListOrder } from '../../../../wire/list-order.ts';
import { callLogger } from '../../../authorization/call-logger.ts';
import { getCallerId } from '../../../authorization/caller.ts';
import { permissionDenied } from '../../../authorization/permission-denied.ts';
import type { NodeStore, NodeUpdate } from '../../../datastore/node-store.ts';
import { fromStore, storeFailure } from '../../store-failure.ts';
import { pageRequest } from '../../wire-filter.ts';
import { agentFilterFromWire } from './agent-filter.ts';
import { type AttestAgentDeps, attestAgent } from './attest-agent.ts';
import { issueAgentSvid, parseAgentCsr } from './issue-agent-svid.ts';
import { type CreateJoinTokenDeps, createJoinToken } from './join-token.ts';

/** What the agent service depends on. */
export interface AgentServiceDeps extends AttestAgentDeps, CreateJoinTokenDeps {
  readonly nodes: NodeStore;
}

/** Longest version that an agent may report, in bytes. */
const LONGEST_VERSION_BYTES = 255;

/** `spire.api.server.agent.v1.Agent`: agents attest, renew and report here, operators look after them. */
export function agentService(deps: AgentServiceDeps): ServiceImplementation<typeof AgentDefinition> {
  const { trustDomain, nodes } = deps;
  const parseAgentId = (id: SPIFFEID | undefined): SpiffeId =>
    inField('invalid agent ID', () => agentIdFromWire(trustDomain, id));
  return {
    countAgents: async ({ filter }) => ({
      count: await fromStore('failed to count agents', nodes.countNodes(agentFilterFromWire(filter))),
    }),

    listAgents: async (request, call) => {
      const filter = agentFilterFromWire(request.filter);
      const wanted = pageRequest(request);
      if (parseListOrder(call.metadata.get(LIST_ORDER)) === 'creation' && wanted?.token === '') {
        call.setTrailer(LIST_TOTAL, String(await fromStore('failed to list agents', nodes.countNodes(filter))));
      }
      const listing = nodes.listNodes(filter, wanted);
      const page = await fromStore('failed to list agents', listing);
      return {
        agents: await mapInTurns(page.items, (node) => agentToWire(node, request.outputMask)),
        nextPageToken: page.nextToken,
      };
    },

    getAgent: async ({ id, outputMask }) => {
      const node = await getNode(nodes, parseAgentId(id));
      return agentToWire(node, outputMask);
    },

    deleteAgent: async ({ id }, call) => {
      const agentId = parseAgentId(id);
      await agentOf('failed to remove agent', nodes.deleteNode(agentId));
      callLogger(call).info('Agent deleted', { spiffe_id: agentId });
      return {};
    },

    banAgent: async ({ id }, call) => {
      const agentId = parseAgentId(id);
      // Without a serial number no SVID of the agent is current any more.
      const ban: NodeUpdate = { serialNumber: '', newSerialNumber: '', newExpiresAtSeconds: 0 };
      await agentOf('failed to ban agent', nodes.updateNode(agentId, ban));
      callLogger(call).info('Agent banned', { spiffe_id: agentId });
      return {};
    },

    attestAgent: (requests, call) => attestAgent(deps, requests, call),

    renewAgent: (request, call) => renewAgent(deps, request, call),

    postStatus: async ({ agentVersion }, call) => {
      const agentId = getCallerId(call);
      if (Buffer.byteLength(agentVersion) > LONGEST_VERSION_BYTES) {
        throw new SpirekitError('invalid-argument', 'agent version is too long (max 255 characters)');
      }
      if (agentVersion !== '') await agentOf('failed to update agent', nodes.updateNode(agentId, { agentVersion }));
      return {};
    },

    createJoinToken: async (request) => joinTokenToWire(await createJoinToken(deps, request)),
  };
}

/** Gives an agent the next SVID; the one it has stays good until the new one is first used. */
async function renewAgent(
  { nodes, ca }: AgentServiceDeps,
  { params }: RenewAgentRequest,
  call: CallContext,
): Promise<RenewAgentResponse> {
  const agentId = getCallerId(call);
  const node = await getNode(nodes, agentId);
  if (node.canReattest) {
    throw permissionDenied('agent must reattest instead of renew', Reason.AGENT_MUST_REATTEST);
  }
  if (params === undefined) throw new SpirekitError('invalid-argument', 'params cannot be nil');
  if (params.csr.length === 0) throw new SpirekitError('invalid-argument', 'missing CSR');
  const svid = await issueAgentSvid(ca, agentId, parseAgentCsr(params.csr));
  const renewal = nodes.updateNode(agentId, (current) => {
    if (isBanned(current)) throw permissionDenied('agent is banned', Reason.AGENT_BANNED);
    return { newSerialNumber: svid.serialNumber, newExpiresAtSeconds: svid.expiresAtSeconds };
  });
  await agentOf('failed to update agent', renewal);
  callLogger(call).info('Renewing agent SVID');
  return { svid: svid.wire };
}

async function getNode(nodes: NodeStore, agentId: SpiffeId): Promise<AttestedNode> {
  const node = await fromStore('failed to fetch agent', nodes.findNode(agentId));
  if (node === undefined) throw new SpirekitError('not-found', 'agent not found');
  return node;
}

/** Awaits what a store does with an agent. Refusals pass as they are. */
async function agentOf<T>(sentence: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    if (!(cause instanceof SpirekitError)) throw cause;
    if (cause.code === 'permission-denied') throw cause;
    if (cause.code === 'not-found') throw new SpirekitError('not-found', 'agent not found', { cause });
    throw storeFailure(sentence, cause);
  }
}
