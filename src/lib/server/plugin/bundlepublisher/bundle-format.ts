import { Certificate } from '../../../crypto/certificate.ts';
import { publicKeyToJwk } from '../../../crypto/jwk.ts';
import { parsePublicKey } from '../../../crypto/key.ts';
import { pemEncode } from '../../../crypto/pem.ts';
import { SpirekitError } from '../../../runtime/errors.ts';
import { parseGoDuration } from '../../../runtime/go-duration.ts';
import { goQuote } from '../../../runtime/go-quote.ts';
import type { AuthorityBundle } from '../../../spiffe/authority-bundle.ts';
import { formatAuthorityBundle } from '../../../spiffe/authority-bundle-document.ts';

/**
 * How a bundle is published: as a SPIFFE bundle document, as a JWKS whose keys have no `use`, or as the X.509 roots in PEM.
 */
export type BundleFormat = 'spiffe' | 'jwks' | 'pem';

/** Reads the setting `format`, in whatever case. Error: `invalid-config`, in SPIRE's words. */
export function parseBundleFormat(text: string): BundleFormat {
  const format = text.toLowerCase();
  if (format === 'spiffe' || format === 'jwks' || format === 'pem') return format;
  throw new SpirekitError('invalid-config', `unknown bundle format: ${goQuote(text)}`);
}

/** Reads the setting `refresh_hint`, a duration, in whole seconds; undefined if it is not set. Error: `invalid-config`. */
export function parseRefreshHint(text: string): number | undefined {
  if (text === '') return undefined;
  try {
    return Number(parseGoDuration(text) / 1_000_000_000n);
  } catch (cause) {
    throw new SpirekitError('invalid-config', `could not parse refresh hint ${goQuote(text)}`, { cause });
  }
}

/** The bundle as it is published. The hint takes the place of the bundle's own, where it is set. */
export function publishedBundle(
  bundle: AuthorityBundle,
  format: BundleFormat,
  refreshHintSeconds: number | undefined,
): Uint8Array {
  return Buffer.from(formatText(bundle, format, refreshHintSeconds), 'utf8');
}

function formatText(bundle: AuthorityBundle, format: BundleFormat, refreshHintSeconds: number | undefined): string {
  switch (format) {
    case 'spiffe':
      return formatAuthorityBundle(refreshHintSeconds === undefined ? bundle : { ...bundle, refreshHintSeconds });
    case 'jwks':
      return JSON.stringify({ keys: [...bundle.x509Authorities.map(x509Jwk), ...bundle.jwtAuthorities.map(keyJwk)] });
    case 'pem':
      return bundle.x509Authorities.map(({ certificate }) => pemEncode('CERTIFICATE', certificate)).join('');
  }
}

function x509Jwk({ certificate }: AuthorityBundle['x509Authorities'][number]): object {
  const { publicKey } = Certificate.parse(certificate);
  return { ...publicKeyToJwk(publicKey), x5c: [Buffer.from(certificate).toString('base64')] };
}

function keyJwk({ keyId, publicKey }: AuthorityBundle['jwtAuthorities'][number]): object {
  const { kty, ...rest } = publicKeyToJwk(parsePublicKey(publicKey));
  return { kty, kid: keyId, ...rest };
}
