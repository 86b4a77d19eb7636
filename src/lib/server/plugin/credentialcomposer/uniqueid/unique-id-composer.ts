import { hash } from 'node:crypto';
import { Oid } from '../../../../crypto/oids.ts';
import type { SpiffeId } from '../../../../spiffe/spiffe-id.ts';
import type { ComposedSubject, CredentialComposer, X509SvidAttributes } from '../credential-composer.ts';

/**
 * Gives the X509-SVIDs of workloads subjects that differ, as RFC 5280 section 4.1.2.6 asks: each has an X.500 unique
 * identifier made of its SPIFFE ID.
 */
export class UniqueIdComposer implements CredentialComposer {
  readonly name = 'uniqueid';

  async composeWorkloadX509Svid(
    attributes: X509SvidAttributes,
    { spiffeId }: Pick<ComposedSubject, 'spiffeId'>,
  ): Promise<X509SvidAttributes> {
    return { ...attributes, subject: attributes.subject.with(Oid.uniqueIdentifier, uniqueIdOf(spiffeId)) };
  }
}

/** The first half of the SHA-256 of the ID, in hex, as SPIRE's. */
function uniqueIdOf(spiffeId: SpiffeId): string {
  return hash('sha256', spiffeId.toString()).slice(0, 32);
}
