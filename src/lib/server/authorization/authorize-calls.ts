import { randomUUID } from 'node:crypto';
import type { CallContext, Interceptor } from '../../rpc/call-context.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { LogFields, Logger } from '../../runtime/logger.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { PermissionDeniedDetails_Reason } from '../../wire/gen/spire/api/types/status.ts';
import type { EntriesBySpiffeId } from '../cache/authorized-entries.ts';
import type { AgentAuthorizer } from './agent-authorizer.ts';
import { setCallLogger } from './call-logger.ts';
import { type AuthorizedCaller, type Caller, identifyCaller, setAuthorizedCaller } from './caller.ts';
import { permissionDenied } from './permission-denied.ts';
import type { CallerRole, MethodRule, RpcPolicy } from './rpc-policy.ts';

export interface AuthorizeCallsConfig {
  readonly policy: RpcPolicy;
  readonly entries: EntriesBySpiffeId;
  readonly agents: Pick<AgentAuthorizer, 'authorize'>;
  /** `admin_ids` of the configuration; may be of other trust domains. */
  readonly adminIds: readonly SpiffeId[];
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly log: Logger;
}

/** Let in, as what and (for the log) through what; or refused, an agent with a reason. */
type Decision =
  | (Pick<AuthorizedCaller, 'role' | 'downstreamEntries'> & { readonly isAllowed: true; readonly via: string })
  | { readonly isAllowed: false; readonly reason?: PermissionDeniedDetails_Reason };

/**
 * The interceptor that lets a call through to its handler or refuses it; it must run before all others. Refusals are
 * `PermissionDenied`, with a reason where the caller may be an agent. The handler finds its caller by
 * `getAuthorizedCaller` and a logger that names the call by `callLogger`.
 */
export function authorizeCalls(config: AuthorizeCallsConfig): Interceptor {
  const adminIds = new Set(config.adminIds.map(String));
  return async (call, next) => {
    const rule = config.policy.ruleOf(call.method);
    const caller = identifyCaller(call);
    const log = config.log.with(describeCall(call, caller));
    const decision = await decide({ ...config, adminIds, log }, caller, rule);
    if (!decision.isAllowed) {
      const sentence = `authorization denied for method ${call.method}`;
      log.error('Failed to authenticate caller', { authorized_as: 'nobody', authorized_via: '', error: sentence });
      throw permissionDenied(sentence, decision.reason);
    }
    const { role, via, downstreamEntries } = decision;
    setAuthorizedCaller(call, { caller, role, downstreamEntries });
    setCallLogger(call, log.with({ authorized_as: role === 'any' ? 'nobody' : role, authorized_via: via }));
    await next();
  };
}

/** In the order of cost; the first role that fits is the one the caller acts in. */
async function decide(
  config: Omit<AuthorizeCallsConfig, 'adminIds'> & { readonly adminIds: ReadonlySet<string> },
  caller: Caller,
  { roles: allowed, allowedIds, deniedIds }: MethodRule,
): Promise<Decision> {
  if (caller.kind === 'svid' && deniedIds.has(caller.id.toString())) return { isAllowed: false };
  if (allowed.has('any')) return letIn('any', '');
  if (caller.kind === 'local') return allowed.has('local') ? letIn('local', 'transport') : { isAllowed: false };
  if (caller.kind === 'anonymous') return { isAllowed: false };
  const { id, certificate } = caller;
  // The handshake checked it, but a connection may outlive the certificate that opened it. Agents get their own answer.
  if (config.clock.nowMs() <= certificate.notAfterMs) {
    if (allowedIds.has(id.toString())) return letIn('admin', 'policy');
    if (allowed.has('admin') && config.adminIds.has(id.toString())) return letIn('admin', 'config');
    const entries = allowed.has('admin') || allowed.has('downstream') ? config.entries.listEntriesBySpiffeId(id) : [];
    if (allowed.has('admin') && entries.some((entry) => entry.admin)) return letIn('admin', 'entries');
    const downstreamEntries = entries.filter((entry) => entry.downstream);
    if (allowed.has('downstream') && downstreamEntries.length > 0) {
      return { ...letIn('downstream', 'entries'), downstreamEntries };
    }
  }
  if (!allowed.has('agent')) return { isAllowed: false };
  const verdict = await config.agents.authorize(id, certificate, config.log);
  return verdict.isGranted ? letIn('agent', 'datastore') : { isAllowed: false, reason: verdict.reason };
}

function letIn(role: CallerRole, via: string): Extract<Decision, { isAllowed: true }> {
  return { isAllowed: true, role, via, downstreamEntries: [] };
}

/** What SPIRE's log calls these services. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  'grpc.health.v1.Health': 'Health',
  'spire.api.server.logger.v1.Logger': 'Logger',
};

function describeCall(call: CallContext, caller: Caller): LogFields {
  const { service, method } = splitMethod(call.method);
  return {
    method,
    service: SHORT_NAMES[service] ?? service.replace(/^spire\.api\.server\./, ''),
    subsystem_name: 'api',
    request_id: randomUUID(),
    ...(call.peer.kind === 'tls' ? { caller_addr: formatAddress(call.peer.address, call.peer.port) } : {}),
    ...(caller.kind === 'svid' ? { caller_id: caller.id } : {}),
  };
}

function splitMethod(path: string): { service: string; method: string } {
  const [, service = '', method = ''] = path.split('/');
  return { service, method };
}

function formatAddress(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
