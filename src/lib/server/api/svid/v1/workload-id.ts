import { SpirekitError } from '../../../../runtime/errors.ts';
import { SpiffeId } from '../../../../spiffe/spiffe-id.ts';
import { TrustDomain } from '../../../../spiffe/trust-domain.ts';
import type { SPIFFEID } from '../../../../wire/gen/spire/api/types/spiffeid.ts';

/** The ID of a workload in this trust domain. Throws `invalid-argument` in SPIRE's words. */
export function workloadIdFromWire(trustDomain: TrustDomain, wire: SPIFFEID | undefined): SpiffeId {
  try {
    if (wire === undefined) throw new SpirekitError('invalid-argument', 'request must specify SPIFFE ID');
    const id = SpiffeId.fromPath(TrustDomain.parse(wire.trustDomain), wire.path);
    checkWorkloadId(trustDomain, id);
    return id;
  } catch (cause) {
    throw new SpirekitError('invalid-argument', `invalid SPIFFE ID: ${SpirekitError.from(cause).message}`, { cause });
  }
}

/** Throws `invalid-argument` for an ID that no workload of this trust domain can have. */
export function checkWorkloadId(trustDomain: TrustDomain, id: SpiffeId): void {
  const quoted = JSON.stringify(id.toString());
  const domain = `trust domain ${JSON.stringify(trustDomain.name)}`;
  if (!id.isMemberOf(trustDomain))
    throw new SpirekitError('invalid-argument', `${quoted} is not a member of ${domain}`);
  if (id.path === '') {
    throw new SpirekitError('invalid-argument', `${quoted} is not a workload in ${domain}; path is empty`);
  }
  if (id.path === '/spire' || id.path.startsWith('/spire/')) {
    throw new SpirekitError(
      'invalid-argument',
      `${quoted} is not a workload in ${domain}; path is in the reserved namespace`,
    );
  }
}
