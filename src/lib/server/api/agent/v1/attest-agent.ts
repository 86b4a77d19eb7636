import type { CallContext } from '../../../../rpc/call-context.ts';
import { RpcCode, RpcError } from '../../../../rpc/status.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import type { Logger } from '../../../../runtime/logger.ts';
import { type AttestedNode, isBanned } from '../../../../spiffe/attested-node.ts';
import { compareSelectors, type Selector } from '../../../../spiffe/selector.ts';
import type { TrustDomain } from '../../../../spiffe/trust-domain.ts';
import { inField } from '../../../../wire/convert/conversion-error.ts';
import type {
  AttestAgentRequest,
  AttestAgentRequest_Params,
  AttestAgentResponse,
} from '../../../../wire/gen/spire/api/server/agent/v1/agent.ts';
import { callLogger } from '../../../authorization/call-logger.ts';
import type { ServerCa } from '../../../ca/server-ca.ts';
import type { NodeStore } from '../../../datastore/node-store.ts';
import { unknownJoinToken } from '../../../plugin/nodeattestor/join-token/join-token-attestor.ts';
import type { AttestResult, NodeAttestor, NodeAttestorCatalog } from '../../../plugin/nodeattestor/node-attestor.ts';
import { fromStore } from '../../store-failure.ts';
import { relayChallenges } from './challenge-relay.ts';
import { type IssuedAgentSvid, issueAgentSvid, parseAgentCsr } from './issue-agent-svid.ts';

/** What an attestation depends on. */
export interface AttestAgentDeps {
  readonly trustDomain: TrustDomain;
  readonly nodes: Pick<NodeStore, 'findNode' | 'saveNode'>;
  readonly nodeAttestors: NodeAttestorCatalog;
  readonly ca: Pick<ServerCa, 'signAgentX509Svid'>;
  /** Makes the agent's ID one of its node selectors (experimental in SPIRE). Default false: it may grant too much. */
  readonly agentSpiffeIdAsSelector?: boolean;
}

/** A first request in which nothing is missing. */
interface Attestation {
  readonly type: string;
  readonly payload: Uint8Array;
  readonly publicKey: Uint8Array;
}

/**
 * Proves an agent by the attestor it names and gives it an SVID. Anybody may call this. The key is looked at before the
 * proof: a join token is not used up by a request that cannot succeed.
 */
export async function* attestAgent(
  deps: AttestAgentDeps,
  requests: AsyncIterable<AttestAgentRequest>,
  call: CallContext,
): AsyncGenerator<AttestAgentResponse> {
  const iterator = requests[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done === true) throw new SpirekitError('invalid-argument', 'failed to receive request from stream: EOF');
  const params = first.value.step?.$case === 'params' ? first.value.step.value : undefined;
  const attestation = inField('malformed param', () => checkParams(params));
  const attestor = getAttestor(deps.nodeAttestors, attestation.type);
  const result = yield* relayChallenges(iterator, (challenge) =>
    attestor.attest(attestation.payload, challenge, { signal: call.signal, clientAddress: addressOf(call) }),
  );
  const log = callLogger(call).with({ node_attestor_type: attestation.type, agent_id: result.agentId });
  checkAgentId(deps.trustDomain, result, attestor, log);
  const svid = await admitAgent(deps, attestation, result);
  log.info('Agent attestation request completed');
  yield {
    step: { $case: 'result', value: { svid: svid.wire, reattestable: result.canReattest } },
  };
}

function addressOf({ peer }: CallContext): string | undefined {
  return peer.kind === 'tls' ? peer.address : undefined;
}

function checkParams(params: AttestAgentRequest_Params | undefined): Attestation {
  if (params === undefined) throw missing('params');
  if (params.data === undefined) throw missing('attestation data');
  if (params.params === undefined) throw missing('X509-SVID parameters');
  if (params.params.csr.length === 0) throw missing('CSR');
  if (params.data.type === '') throw missing('attestation data type');
  if (params.data.payload.length === 0) throw missing('attestation data payload');
  const { type, payload } = params.data;
  return { type, payload, publicKey: parseAgentCsr(params.params.csr) };
}

function missing(what: string): SpirekitError {
  return new SpirekitError('invalid-argument', `missing ${what}`);
}

function getAttestor(catalog: NodeAttestorCatalog, type: string): NodeAttestor {
  const attestor = catalog.findNodeAttestor(type);
  if (attestor !== undefined) return attestor;
  throw new SpirekitError(
    'failed-precondition',
    `error getting node attestor: could not find node attestor type ${JSON.stringify(type)}`,
  );
}

/** SPIRE only warns of IDs outside of the agents' namespace, and then has no way to evict or ban such an agent. */
function checkAgentId(trustDomain: TrustDomain, result: AttestResult, attestor: NodeAttestor, log: Logger): void {
  const { agentId } = result;
  if (!agentId.isMemberOf(trustDomain) || !agentId.path.startsWith('/spire/agent/')) {
    throw new SpirekitError('internal', `invalid agent ID: "${agentId}" is not in the agent namespace`);
  }
  if (!agentId.path.startsWith(`/spire/agent/${attestor.name}/`)) {
    log.warn('The node attestor produced an agent ID outside of its own namespace');
  }
}

async function admitAgent(
  deps: AttestAgentDeps,
  { type, publicKey }: Attestation,
  result: AttestResult,
): Promise<IssuedAgentSvid> {
  const { agentId } = result;
  const known = await fromStore('failed to fetch agent', deps.nodes.findNode(agentId));
  if (known !== undefined && isBanned(known)) throw bannedAgent();
  const svid = await issueAgentSvid(deps.ca, agentId, publicKey);
  const node: AttestedNode = {
    spiffeId: agentId,
    attestationType: type,
    serialNumber: svid.serialNumber,
    expiresAtSeconds: svid.expiresAtSeconds,
    newSerialNumber: '',
    newExpiresAtSeconds: 0,
    canReattest: result.canReattest,
    agentVersion: known?.agentVersion ?? '',
    selectors: nodeSelectors(deps, type, result),
  };
  await recordAgent(deps, node, result);
  return svid;
}

async function recordAgent(deps: AttestAgentDeps, node: AttestedNode, { joinToken }: AttestResult): Promise<void> {
  const told = ['permission-denied', 'failed-precondition'] as const;
  try {
    await fromStore('failed to create attested agent', deps.nodes.saveNode(node, { joinToken }), told);
  } catch (error) {
    const code = error instanceof SpirekitError ? error.code : undefined;
    // Banned, or another came with the same token, while it was being attested.
    if (code === 'permission-denied') throw bannedAgent(error);
    throw code === 'failed-precondition' ? unknownJoinToken(error) : error;
  }
}

/** In order, as SPIRE keeps them, whatever the order of the attestor. */
function nodeSelectors(deps: AttestAgentDeps, type: string, result: AttestResult): Selector[] {
  const selectors = result.selectorValues.map((value) => ({ type, value }));
  if (deps.agentSpiffeIdAsSelector === true) selectors.push({ type: 'spiffe_id', value: result.agentId.toString() });
  return selectors.sort(compareSelectors);
}

function bannedAgent(cause?: unknown): RpcError {
  return new RpcError(RpcCode.permissionDenied, 'failed to attest: agent is banned', { cause });
}
