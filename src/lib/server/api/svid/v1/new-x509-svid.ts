import type { CallContext } from '../../../../rpc/call-context.ts';
import { RpcCode, rpcStatusOf } from '../../../../rpc/status.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import type { RegistrationEntry } from '../../../../spiffe/registration-entry.ts';
import type {
  BatchNewX509SVIDResponse_Result,
  NewX509SVIDParams,
} from '../../../../wire/gen/spire/api/server/svid/v1/svid.ts';
import type { X509SVID } from '../../../../wire/gen/spire/api/types/x509svid.ts';
import { callLogger } from '../../../authorization/call-logger.ts';
import type { ServerCa } from '../../../ca/server-ca.ts';
import { parseCallerCsr } from './parse-caller-csr.ts';
import { signX509SvidFor } from './sign-x509-svid.ts';

/**
 * One item of a batch: an X509-SVID for an entry that the agent may act for. All but the key comes from the entry,
 * whatever else the CSR asks for. Never throws: what is wrong with an item is its status.
 */
export async function newX509Svid(
  deps: { readonly ca: ServerCa },
  param: NewX509SVIDParams,
  granted: ReadonlyMap<string, RegistrationEntry>,
  call: CallContext,
): Promise<BatchNewX509SVIDResponse_Result> {
  const log = callLogger(call).with({ entry_id: param.entryId });
  try {
    const svid = await sign(deps.ca, param, granted);
    log.debug('Signed X509 SVID', { expiration: new Date(Number(svid.expiresAt) * 1000) });
    return { status: { code: RpcCode.ok, message: 'OK' }, svid };
  } catch (error) {
    const { status, description } = rpcStatusOf(error);
    log.error('Unable to sign X509 SVID', { error: description });
    return { status: { code: status, message: description }, svid: undefined };
  }
}

async function sign(
  ca: ServerCa,
  { entryId, csr }: NewX509SVIDParams,
  granted: ReadonlyMap<string, RegistrationEntry>,
): Promise<X509SVID> {
  if (entryId === '') throw new SpirekitError('invalid-argument', 'missing entry ID');
  if (csr.length === 0) throw new SpirekitError('invalid-argument', 'missing CSR');
  const entry = granted.get(entryId);
  if (entry === undefined) throw new SpirekitError('not-found', 'entry not found or not authorized');
  const { publicKey } = parseCallerCsr(csr);
  const { spiffeId, dnsNames, x509SvidTtlSeconds: ttlSeconds } = entry;
  return signX509SvidFor(ca, { spiffeId, publicKey, dnsNames, ttlSeconds });
}
