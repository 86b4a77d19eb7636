import { SpirekitError } from '../../../../runtime/errors.ts';
import { x509SvidToWire } from '../../../../wire/convert/svid.ts';
import type { X509SVID } from '../../../../wire/gen/spire/api/types/x509svid.ts';
import type { ServerCa, WorkloadCsrParams, WorkloadX509SvidParams } from '../../../ca/server-ca.ts';
import { callerCsrError } from './parse-caller-csr.ts';

/** Signs an X509-SVID as callers get it. Error: `internal`. */
export async function signX509SvidFor(ca: ServerCa, params: WorkloadX509SvidParams): Promise<X509SVID> {
  const certificates = await ca.signWorkloadX509Svid(params).catch((cause: unknown) => {
    throw signingError(cause);
  });
  const expiresAtSeconds = (certificates[0]?.notAfterMs ?? 0) / 1000;
  return x509SvidToWire({ id: params.spiffeId, certificates, expiresAtSeconds, hint: '' });
}

/** The same for the key of a CSR, of which nothing else counts. Errors: `invalid-argument` for a bad CSR, `internal`. */
export async function signX509SvidForCsr(ca: ServerCa, params: WorkloadCsrParams): Promise<X509SVID> {
  const { certificates, notAfterMs } = await ca.signWorkloadCsr(params).catch((cause: unknown) => {
    throw SpirekitError.from(cause).code === 'invalid-csr' ? callerCsrError(cause) : signingError(cause);
  });
  return x509SvidToWire({ id: params.spiffeId, certificates, expiresAtSeconds: notAfterMs / 1000, hint: '' });
}

function signingError(cause: unknown): SpirekitError {
  return new SpirekitError('internal', `failed to sign X509-SVID: ${SpirekitError.from(cause).message}`, { cause });
}
