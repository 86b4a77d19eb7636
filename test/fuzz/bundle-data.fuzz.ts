import { type BundleFormat, fromWireBundle, parseBundleData } from '../../src/lib/cli/bundle-data.ts';
import { SpirekitError } from '../../src/lib/runtime/errors.ts';

const CODES = ['invalid-encoding', 'invalid-certificate', 'invalid-bundle', 'invalid-key', 'invalid-argument'];

/** Any bytes are refused as a bundle with a code of ours, or are one that a request can carry and that reads back. */
export function target(bytes: Uint8Array): void {
  for (const format of ['pem', 'spiffe'] as const) checkAs(format, bytes);
}

function checkAs(format: BundleFormat, bytes: Uint8Array): void {
  let wire: ReturnType<typeof parseBundleData>;
  try {
    wire = parseBundleData(bytes, format, 'example.org');
  } catch (error) {
    if (error instanceof SpirekitError && CODES.includes(error.code)) return;
    throw error;
  }
  const bundle = fromWireBundle(wire);
  if (bundle.x509Authorities.length !== wire.x509Authorities.length) throw new Error('a root was lost');
  if (bundle.jwtAuthorities.size !== wire.jwtAuthorities.length) throw new Error('a key was lost');
}
