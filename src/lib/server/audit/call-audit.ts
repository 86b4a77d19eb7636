import type { CallContext, Interceptor } from '../../rpc/call-context.ts';
import { rpcCodeName, rpcStatusOf } from '../../rpc/status.ts';
import type { LogFields } from '../../runtime/log-fields.ts';
import type { Logger } from '../../runtime/logger.ts';
import { mapInTurns } from '../../runtime/next-turn.ts';
import type { Status } from '../../wire/gen/spire/api/types/status.ts';
import { callLogger } from '../authorization/call-logger.ts';
import { describePeer } from './peer-fields.ts';

/** What the audit log says about a call, beside who made it and how it ended. */
export interface AuditedCall {
  readonly fields?: LogFields;
  /** Of a batch: each item has a line of its own, in place of one for the call. */
  readonly items?: readonly { readonly status: Status | undefined; readonly fields: LogFields }[];
}

const AUDITED = Symbol('audited call');

/** Leaves with a call what is to be said about it. */
export function setAuditedCall(call: CallContext, audited: AuditedCall): void {
  call.values.set(AUDITED, audited);
}

/** Of these SPIRE's audit log tells only when they fail. */
const UNTOLD = /^\/(?:grpc\.health\.v1\.Health|spire\.api\.server\.debug\.v1\.Debug)\//;

/** Writes a line about every call that was let in (`audit_log_enabled`), and about every item of a batch, as SPIRE does. */
export const auditCalls: Interceptor = async (call, next) => {
  const { peer } = call;
  const log = callLogger(call).with({ type: 'audit', ...(peer.kind === 'unix' && describePeer(peer)) });
  try {
    await next();
  } catch (error) {
    const { status, description } = rpcStatusOf(error);
    write(log, { code: status, message: description }, auditedCall(call).fields);
    throw error;
  }
  const { fields, items } = auditedCall(call);
  if (items !== undefined) await mapInTurns(items, (item) => write(log, item.status, item.fields));
  else if (!UNTOLD.test(call.method)) write(log, undefined, fields);
};

function write(log: Logger, status: Pick<Status, 'code' | 'message'> | undefined, fields: LogFields = {}): void {
  const outcome =
    status === undefined || status.code === 0
      ? { status: 'success' }
      : { status: 'error', status_code: rpcCodeName(status.code), status_message: status.message };
  log.info('API accessed', { ...fields, ...outcome });
}

function auditedCall(call: CallContext): AuditedCall {
  // Only setAuditedCall has the key.
  return (call.values.get(AUDITED) as AuditedCall | undefined) ?? {};
}
