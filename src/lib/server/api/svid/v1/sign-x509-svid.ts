import { SpirekitError } from '../../../../runtime/errors.ts';
import { secondsToWire } from '../../../../wire/convert/seconds.ts';
import { spiffeIdToWire } from '../../../../wire/convert/spiffe-id.ts';
import type { X509SVID } from '../../../../wire/gen/spire/api/types/x509svid.ts';
import type { ServerCa, WorkloadX509SvidParams } from '../../../ca/server-ca.ts';

/** Signs an X509-SVID as callers get it. Error: `internal`. */
export async function signX509SvidFor(ca: ServerCa, params: WorkloadX509SvidParams): Promise<X509SVID> {
  const chain = await ca.signWorkloadX509Svid(params).catch((cause: unknown) => {
    throw new SpirekitError('internal', `failed to sign X509-SVID: ${SpirekitError.from(cause).message}`, { cause });
  });
  const [leaf] = chain;
  if (leaf === undefined) throw new SpirekitError('internal', 'failed to sign X509-SVID: there is no certificate');
  return {
    certChain: chain.map((certificate) => Buffer.from(certificate.der)),
    id: spiffeIdToWire(params.spiffeId),
    expiresAt: secondsToWire(leaf.notAfterMs / 1000),
    hint: '',
  };
}
