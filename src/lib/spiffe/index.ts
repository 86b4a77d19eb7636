/** `spirekit/spiffe`: SPIFFE IDs, SVIDs and bundles, read and verified by the letter of the standards. */

export { Bundle, formatBundleDocument, formatJwks, parseBundleDocument, parseJwks } from './bundle.ts';
export { BundleSet } from './bundle-set.ts';
export type { JwtBundleSource, X509BundleSource } from './bundle-source.ts';
export { type EndpointAddress, formatEndpointAddress, parseEndpointAddress } from './endpoint-address.ts';
export { JwtSvid, parseJwtSvid, parseJwtSvidUnverified } from './jwt-svid.ts';
export { compareSelectors, formatSelector, parseSelector, type Selector } from './selector.ts';
export { SpiffeError, type SpiffeErrorCode } from './spiffe-error.ts';
export { SpiffeId, TrustDomain } from './spiffe-id.ts';
export { parseX509Svid, parseX509SvidPem, verifyX509Svid, X509Svid } from './x509-svid.ts';
