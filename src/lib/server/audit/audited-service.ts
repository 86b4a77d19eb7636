import type { CallContext, ServiceImplementation } from '../../rpc/call-context.ts';
import { methodPath, type ServiceDefinition } from '../../rpc/service.ts';
import type { LogFields } from '../../runtime/log-fields.ts';
import { spiffeIdFromWire } from '../../wire/convert/spiffe-id.ts';
import type { AttestAgentRequest, AttestAgentResponse } from '../../wire/gen/spire/api/server/agent/v1/agent.ts';
import { setAuditedCall } from './call-audit.ts';
import type { DescribeCall } from './described-calls.ts';
import { idField } from './message-fields.ts';

type UnaryHandler = (request: unknown, call: CallContext) => Promise<unknown>;
type StreamHandler = (requests: AsyncIterable<unknown>, call: CallContext) => AsyncIterable<unknown>;

const ATTEST = '/spire.api.server.agent.v1.Agent/AttestAgent';

/** The same service, which leaves with each call what the audit log is to tell of its messages. */
export function auditedService<D extends ServiceDefinition>(
  definition: D,
  implementation: ServiceImplementation<D>,
  described: ReadonlyMap<string, DescribeCall>,
): ServiceImplementation<D> {
  const audited: Record<string, unknown> = {};
  for (const [key, rpc] of Object.entries(definition.methods)) {
    const handler: unknown = Reflect.get(implementation, key);
    if (typeof handler !== 'function') continue;
    const bound = handler.bind(implementation);
    const path = methodPath(definition, rpc);
    const describe = described.get(path);
    if (path === ATTEST) audited[key] = auditedAttestation(bound);
    else audited[key] = describe === undefined ? bound : auditedUnary(bound, describe);
  }
  // Each key holds the handler that was there, or one that hands the same on.
  return audited as ServiceImplementation<D>;
}

function auditedUnary(handler: UnaryHandler, describe: DescribeCall): UnaryHandler {
  return async (request, call) => {
    setAuditedCall(call, describe(request, undefined, call));
    const response = await handler(request, call);
    setAuditedCall(call, describe(request, response, call));
    return response;
  };
}

/** An attestation is a conversation: its first request names the attestor, its last response the agent. */
function auditedAttestation(handler: StreamHandler): StreamHandler {
  return async function* attestAgent(requests, call) {
    let fields: LogFields = {};
    const note = (more: LogFields): void => {
      fields = { ...fields, ...more };
      setAuditedCall(call, { fields });
    };
    async function* noting(): AsyncGenerator<unknown> {
      // The definition of the method says so.
      for await (const request of requests as AsyncIterable<AttestAgentRequest>) {
        if (request.step?.$case === 'params' && request.step.value.data !== undefined) {
          note({ node_attestor_type: request.step.value.data.type });
        }
        yield request;
      }
    }
    for await (const response of handler(noting(), call) as AsyncIterable<AttestAgentResponse>) {
      if (response.step?.$case === 'result') {
        const id = response.step.value.svid?.id;
        note(idField('agent_id', () => spiffeIdFromWire(id)));
      }
      yield response;
    }
  };
}
