import { Certificate } from '../../crypto/certificate.ts';
import { pemEncode } from '../../crypto/pem.ts';
import { counted } from '../../runtime/counted.ts';
import { formatBundleDocument } from '../../spiffe/bundle.ts';
import type { Bundle } from '../../wire/gen/spire/api/types/bundle.ts';
import { type BundleFormat, fromWireBundle } from '../bundle-data.ts';
import { within } from '../error-context.ts';
import type { Table } from '../printer.ts';

/** A bundle: its roots in PEM, or its document. */
export function formatBundle(bundle: Bundle, format: BundleFormat): string {
  if (format === 'spiffe') return `${formatBundleDocument(fromWireBundle(bundle))}\n`;
  return bundle.x509Authorities
    .flatMap(({ asn1 }) => within('unable to parse certificates ASN.1 DER data', () => Certificate.parseAll(asn1)))
    .map((certificate) => pemEncode('CERTIFICATE', certificate.der))
    .join('');
}

/** A bundle in `bundle list`, below the name of its trust domain; an empty line parts it from the one before. */
export function formatListedBundle(bundle: Bundle, format: BundleFormat, index: number): string {
  return `${index > 0 ? '\n' : ''}${heading(bundle.trustDomain)}${formatBundle(bundle, format)}`;
}

/** The text of `bundle count`. */
export function formatBundleCount(count: number): string {
  return `${counted(count, 'bundle', 'bundles')}\n`;
}

/** Bundles as the umbrella lists them. */
export function bundleTable(bundles: readonly Bundle[]): Table {
  return {
    head: ['Trust domain', 'X.509 authorities', 'JWT authorities', 'Sequence', 'Refresh hint'],
    rows: bundles.map((bundle) => [
      bundle.trustDomain,
      authorities(bundle.x509Authorities),
      authorities(bundle.jwtAuthorities),
      String(bundle.sequenceNumber),
      bundle.refreshHint === 0n ? 'none' : `${bundle.refreshHint} s`,
    ]),
  };
}

function heading(trustDomain: string): string {
  const line = '*'.repeat(40);
  return `${line}\n* ${trustDomain}\n${line}\n`;
}

function authorities(list: readonly { readonly tainted: boolean }[]): string {
  const tainted = list.filter((authority) => authority.tainted).length;
  return tainted === 0 ? String(list.length) : `${list.length} (${tainted} tainted)`;
}
