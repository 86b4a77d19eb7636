import { privateKeyToPkcs8 } from '../../crypto/key.ts';
import { pemEncode } from '../../crypto/pem.ts';
import type { FilePart } from '../identity-file.ts';
import {
  certificatesPem,
  chainAndBundle,
  federatedParts,
  type LaidOutIdentity,
  type Layout,
  type LayoutOptions,
} from './layout.ts';

/** Key and chain in one file, so that whoever reads it has both from the same moment. */
export const combinedLayout: Layout = {
  holdsAll: false,
  names: { combined: 'combined.pem', bundle: 'bundle.pem', federated: 'bundle.{td}.pem' },
  federated: 'omit',
  parts: combinedParts,
};

/**
 * SPIFFE Filesystem Delivery, the draft under review as spiffe/spiffe pull request 376, as its text stood in August 2026:
 * a credential bundle of a PKCS#8 key and the chain, nothing else, and a trust bundle for each trust domain. The names
 * may still change there; a person can say others.
 */
export const spiffeFdLayout: Layout = {
  holdsAll: false,
  names: {
    combined: 'credential-bundle.private-key.pem',
    bundle: '{td}.spiffe-trust-bundle.pem',
    federated: '{td}.spiffe-trust-bundle.pem',
  },
  federated: 'separate',
  parts: combinedParts,
};

/** The key comes first, as the draft has it; OpenSSL, nginx and HAProxy take either order. */
function combinedParts(identity: LaidOutIdentity, n: number, options: LayoutOptions): FilePart[] {
  const { svid } = identity;
  const { chain, bundle } = chainAndBundle(identity, options);
  const key = pemEncode('PRIVATE KEY', privateKeyToPkcs8(svid.privateKey));
  const common = { n, m: 0, trustDomain: svid.id.trustDomain.name };
  return [
    { role: 'combined', data: key + certificatesPem(chain), isSecret: true, ...common },
    { role: 'bundle', data: certificatesPem(bundle), isSecret: false, ...common },
    ...federatedParts(identity, n, options),
  ];
}
