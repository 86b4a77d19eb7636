import { SpirekitError } from '../../../../runtime/errors.ts';
import { x509SvidToWire } from '../../../../wire/convert/svid.ts';
import type { X509SVID } from '../../../../wire/gen/spire/api/types/x509svid.ts';
import type { ServerCa, WorkloadX509SvidParams } from '../../../ca/server-ca.ts';

/** Signs an X509-SVID as callers get it. Error: `internal`. */
export async function signX509SvidFor(ca: ServerCa, params: WorkloadX509SvidParams): Promise<X509SVID> {
  const certificates = await ca.signWorkloadX509Svid(params).catch((cause: unknown) => {
    throw new SpirekitError('internal', `failed to sign X509-SVID: ${SpirekitError.from(cause).message}`, { cause });
  });
  const expiresAtSeconds = (certificates[0]?.notAfterMs ?? 0) / 1000;
  return x509SvidToWire({ id: params.spiffeId, certificates, expiresAtSeconds, hint: '' });
}
