import { readJoinedBundle, trustDomainOf } from '../../src/lib/federating/bundle-endpoint.ts';
import { bundleFingerprint } from '../../src/lib/federating/bundle-fingerprint.ts';
import { SpirekitError } from '../../src/lib/runtime/errors.ts';

/** What an endpoint serves is refused with a code, or is a bundle of the trust domain that its roots name. */
export function target(bytes: Uint8Array): void {
  try {
    const trustDomain = trustDomainOf(bytes);
    const bundle = readJoinedBundle(trustDomain, bytes);
    if (!/^[0-9a-f]{64}$/.test(bundleFingerprint(bundle))) throw new Error('no fingerprint');
    if (bundle.x509Authorities.length === 0) throw new Error('nothing named the trust domain');
  } catch (error) {
    if (!(error instanceof SpirekitError) || error.code === 'unknown' || error.code === 'internal') throw error;
  }
}
