import { parseFederationData } from '../../src/lib/cli/federation-data.ts';
import { SpirekitError } from '../../src/lib/runtime/errors.ts';
import { SpiffeId } from '../../src/lib/spiffe/spiffe-id.ts';
import { FederationRelationship } from '../../src/lib/wire/gen/spire/api/types/federationrelationship.ts';

/** Any bytes are refused with a code, or hold relationships that are complete and that a request can carry. */
export function target(bytes: Uint8Array): void {
  let relationships: FederationRelationship[];
  try {
    relationships = parseFederationData(bytes);
  } catch (error) {
    if (error instanceof SpirekitError && error.code !== 'unknown' && error.code !== 'internal') return;
    throw error;
  }
  for (const relationship of relationships) {
    const { trustDomain, bundleEndpointUrl, bundleEndpointProfile: profile } = relationship;
    if (trustDomain === '' || bundleEndpointUrl === '') throw new Error('an incomplete relationship');
    if (profile === undefined) throw new Error('no profile');
    if (profile.$case === 'httpsSpiffe') SpiffeId.parse(profile.value.endpointSpiffeId);
    const encoded = FederationRelationship.encode(relationship).finish();
    if (FederationRelationship.decode(encoded).trustDomain !== trustDomain.toWellFormed())
      throw new Error('changed on its way');
  }
}
