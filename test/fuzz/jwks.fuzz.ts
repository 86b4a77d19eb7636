import { formatAuthorityBundle, parseAuthorityBundle } from '../../src/lib/spiffe/authority-bundle-document.ts';
import {
  type Bundle,
  formatBundleDocument,
  formatJwks,
  parseBundleDocument,
  parseJwks,
} from '../../src/lib/spiffe/bundle.ts';
import { SpiffeError } from '../../src/lib/spiffe/spiffe-error.ts';
import { TrustDomain } from '../../src/lib/spiffe/trust-domain.ts';

const trustDomain = TrustDomain.parse('example.org');

/** Any bytes are refused, or are a bundle document or key set that means the same after being written. */
export function target(bytes: Uint8Array): void {
  check(bytes, parseBundleDocument, formatBundleDocument);
  check(bytes, parseJwks, formatJwks);
  checkStored(bytes);
}

/** What a server would store of a bundle is what it would serve of it. */
function checkStored(bytes: Uint8Array): void {
  try {
    const text = formatAuthorityBundle(parseAuthorityBundle(trustDomain, bytes));
    if (formatAuthorityBundle(parseAuthorityBundle(trustDomain, Buffer.from(text))) !== text) {
      throw new Error('a stored bundle changed by being served');
    }
  } catch (error) {
    if (!(error instanceof SpiffeError && error.code === 'invalid-bundle')) throw error;
  }
}

function check(
  bytes: Uint8Array,
  parse: (trustDomain: TrustDomain, document: Uint8Array | string) => Bundle,
  format: (bundle: Bundle) => string,
): void {
  let bundle: Bundle;
  try {
    bundle = parse(trustDomain, bytes);
  } catch (error) {
    if (error instanceof SpiffeError && error.code === 'invalid-bundle') return;
    throw error;
  }
  for (const key of bundle.jwtAuthorities.values())
    if (key.type !== 'public') throw new Error('a key that is not public');
  const text = format(bundle);
  if (format(parse(trustDomain, text)) !== text) throw new Error('a bundle changed by being written');
}
