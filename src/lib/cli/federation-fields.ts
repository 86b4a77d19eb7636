import { SpirekitError } from '../runtime/errors.ts';
import { goQuote } from '../runtime/go-quote.ts';
import { SpiffeId } from '../spiffe/spiffe-id.ts';
import { FederationRelationship } from '../wire/gen/spire/api/types/federationrelationship.ts';
import { within } from './error-context.ts';

/** A federation relationship as flags or a file say it, without its bundle; what is missing is empty. */
export interface FederationFields {
  trustDomain: string;
  bundleEndpointUrl: string;
  bundleEndpointProfile: string;
  endpointSpiffeId: string;
}

/** A relationship that still lacks its bundle. */
export interface BundlelessRelationship {
  readonly relationship: FederationRelationship;
  /** Whose bundle it is: with `https_spiffe` the one that the endpoint's SVID is verified with. */
  readonly bundleTrustDomain: string;
}

/**
 * Checks that a relationship is complete. The trust domain and the URL are the server's to check.
 *
 * @throws SpirekitError `usage` (something is missing), `invalid-argument` (no such profile), `invalid-spiffe-id`; all
 *   with the texts of SPIRE's server CLI
 */
export function checkFederationFields(fields: FederationFields): BundlelessRelationship {
  const { trustDomain, bundleEndpointUrl, endpointSpiffeId } = fields;
  if (trustDomain === '') throw new SpirekitError('usage', 'trust domain is required');
  if (bundleEndpointUrl === '') throw new SpirekitError('usage', 'bundle endpoint URL is required');
  const relationship = FederationRelationship.create({ trustDomain, bundleEndpointUrl });
  switch (fields.bundleEndpointProfile) {
    case 'https_web':
      relationship.bundleEndpointProfile = { $case: 'httpsWeb', value: {} };
      return { relationship, bundleTrustDomain: trustDomain };
    case 'https_spiffe': {
      const id = parseEndpointId(endpointSpiffeId);
      relationship.bundleEndpointProfile = { $case: 'httpsSpiffe', value: { endpointSpiffeId } };
      return { relationship, bundleTrustDomain: id.trustDomain.name };
    }
    default: {
      const profile = goQuote(fields.bundleEndpointProfile);
      throw new SpirekitError('invalid-argument', `unknown bundle endpoint profile type: ${profile}`);
    }
  }
}

function parseEndpointId(text: string): SpiffeId {
  if (text === '') {
    throw new SpirekitError('usage', "endpoint SPIFFE ID is required if 'https_spiffe' endpoint profile is set");
  }
  return within('cannot parse bundle endpoint SPIFFE ID', () => SpiffeId.parse(text));
}
