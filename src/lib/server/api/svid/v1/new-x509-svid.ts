import type { CallContext } from '../../../../rpc/call-context.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import type { RegistrationEntry } from '../../../../spiffe/registration-entry.ts';
import type { NewX509SVIDParams } from '../../../../wire/gen/spire/api/server/svid/v1/svid.ts';
import type { X509SVID } from '../../../../wire/gen/spire/api/types/x509svid.ts';
import { callLogger } from '../../../authorization/call-logger.ts';
import type { ServerCa } from '../../../ca/server-ca.ts';
import { signX509SvidForCsr } from './sign-x509-svid.ts';

/**
 * An X509-SVID for an entry that the agent may act for. All but the key comes from the entry, whatever else the CSR asks
 * for. Errors: `invalid-argument`, `not-found`, `internal`, in SPIRE's words.
 */
export async function newX509Svid(
  { ca }: { readonly ca: ServerCa },
  { entryId, csr }: NewX509SVIDParams,
  granted: ReadonlyMap<string, RegistrationEntry>,
  call: CallContext,
): Promise<X509SVID> {
  if (entryId === '') throw new SpirekitError('invalid-argument', 'missing entry ID');
  if (csr.length === 0) throw new SpirekitError('invalid-argument', 'missing CSR');
  const entry = granted.get(entryId);
  if (entry === undefined) throw new SpirekitError('not-found', 'entry not found or not authorized');
  const { spiffeId, dnsNames, x509SvidTtlSeconds: ttlSeconds } = entry;
  const svid = await signX509SvidForCsr(ca, { csr, spiffeId, dnsNames, ttlSeconds });
  callLogger(call).debug('Signed X509 SVID', {
    entry_id: entryId,
    spiffe_id: spiffeId,
    expiration: new Date(Number(svid.expiresAt) * 1000),
    revision_number: entry.revisionNumber,
  });
  return svid;
}
