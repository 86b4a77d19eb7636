import { Certificate } from '../crypto/certificate.ts';
import { parsePublicKey, publicKeyDer } from '../crypto/key.ts';
import { pemDecodeAll } from '../crypto/pem.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { goQuote } from '../runtime/go-quote.ts';
import { Bundle, parseBundleDocument } from '../spiffe/bundle.ts';
import { TrustDomain } from '../spiffe/trust-domain.ts';
import { Bundle as WireBundle } from '../wire/gen/spire/api/types/bundle.ts';
import { within } from './error-context.ts';
import { parseGoJson } from './go-json.ts';

/** How bundles are written in files and on stdout: X.509 roots alone, or the SPIFFE bundle document. */
export type BundleFormat = 'pem' | 'spiffe';

/**
 * Reads a `-format` flag, in any case; empty means `pem`.
 *
 * @throws SpirekitError `invalid-argument`
 */
export function parseBundleFormat(text: string): BundleFormat {
  const format = text.toLowerCase();
  if (format === '' || format === 'pem') return 'pem';
  if (format === 'spiffe') return 'spiffe';
  throw new SpirekitError('invalid-argument', `invalid format: ${goQuote(format)}`);
}

/**
 * Reads a bundle from a file for a request.
 *
 * @param trustDomain a trust domain name or ID as it was typed; with PEM the server checks it
 * @throws SpirekitError `invalid-encoding`, `invalid-certificate`, `invalid-bundle`, `invalid-trust-domain`
 */
export function parseBundleData(bytes: Uint8Array, format: BundleFormat, trustDomain: string): WireBundle {
  if (format === 'pem') {
    const certificates = within('unable to parse bundle data', () => parseRoots(bytes));
    return WireBundle.create({ trustDomain, x509Authorities: certificates.map(({ der }) => ({ asn1: der })) });
  }
  const domain = TrustDomain.parse(trustDomain);
  return toWireBundle(within('unable to parse to spiffe bundle: spiffebundle', () => parseDocument(domain, bytes)));
}

/**
 * The bundle that a server sent, with its certificates and keys parsed. Taint and expiry have no place in it.
 *
 * @throws SpirekitError `invalid-trust-domain`, `invalid-certificate`, `invalid-key`
 */
export function fromWireBundle(bundle: WireBundle): Bundle {
  return new Bundle(TrustDomain.parse(bundle.trustDomain), {
    x509Authorities: bundle.x509Authorities.map(({ asn1 }, index) =>
      within(`unable to parse root CA ${index}`, () => Certificate.parse(asn1)),
    ),
    jwtAuthorities: new Map(
      bundle.jwtAuthorities.map(({ keyId, publicKey }, index) => [
        keyId,
        within(`unable to parse JWT signing key ${index}`, () => parsePublicKey(publicKey)),
      ]),
    ),
    refreshHint: bundle.refreshHint > 0n ? bundle.refreshHint : undefined,
    sequenceNumber: bundle.sequenceNumber > 0n ? bundle.sequenceNumber : undefined,
  });
}

/** What is no JSON at all is refused in the words of Go, which scripts may know. */
function parseDocument(trustDomain: TrustDomain, bytes: Uint8Array): Bundle {
  try {
    return parseBundleDocument(trustDomain, bytes);
  } catch (error) {
    within('unable to parse JWKS', () => parseGoJson(bytes));
    throw error;
  }
}

function toWireBundle(bundle: Bundle): WireBundle {
  return WireBundle.create({
    trustDomain: bundle.trustDomain.name,
    x509Authorities: bundle.x509Authorities.map(({ der }) => ({ asn1: der })),
    jwtAuthorities: [...bundle.jwtAuthorities].map(([keyId, key]) => ({ keyId, publicKey: publicKeyDer(key) })),
    refreshHint: bundle.refreshHint ?? 0n,
    sequenceNumber: bundle.sequenceNumber ?? 0n,
  });
}

function parseRoots(bytes: Uint8Array): Certificate[] {
  const blocks = pemDecodeAll(bytes);
  if (blocks.length === 0) throw new SpirekitError('invalid-encoding', 'no PEM blocks');
  return blocks.map(({ label, der }, index) => {
    if (label !== 'CERTIFICATE') {
      throw new SpirekitError('invalid-encoding', `expected block type "CERTIFICATE"; got ${goQuote(label)}`);
    }
    return within(`unable to parse "CERTIFICATE" PEM block ${index + 1}`, () => Certificate.parse(der));
  });
}
