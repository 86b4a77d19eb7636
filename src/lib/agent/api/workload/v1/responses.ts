import { createHash } from 'node:crypto';
import type { Certificate } from '../../../../crypto/certificate.ts';
import { privateKeyToPkcs8 } from '../../../../crypto/key.ts';
import { type Bundle, formatJwks } from '../../../../spiffe/bundle.ts';
import type { JWTBundlesResponse, X509BundlesResponse, X509SVIDResponse } from '../../../../wire/gen/workload.ts';
import type { Identity, WorkloadUpdate } from '../../../cache/workload-update.ts';

/** The answer to FetchX509SVID (Workload API section 5.2.1): one SVID for each identity, in their order. */
export function x509SvidResponse(update: WorkloadUpdate, identities: readonly Identity[]): X509SVIDResponse {
  const bundle = concatenate(update.bundle.x509Authorities);
  return {
    svids: identities.map(({ entry, svid }) => ({
      spiffeId: entry.spiffeId.toString(),
      x509Svid: concatenate(svid.chain),
      x509SvidKey: privateKeyToPkcs8(svid.privateKey),
      bundle,
      hint: entry.hint,
    })),
    crl: [],
    federatedBundles: byTrustDomainId(update.federatedBundles.values(), x509BundleBytes),
  };
}

/** The answer to FetchX509Bundles (section 5.2.2). */
export function x509BundlesResponse(update: WorkloadUpdate): X509BundlesResponse {
  return { crl: [], bundles: byTrustDomainId(bundlesOf(update), x509BundleBytes) };
}

/** The answer to FetchJWTBundles (section 6.2.2). */
export function jwtBundlesResponse(update: WorkloadUpdate): JWTBundlesResponse {
  return { bundles: byTrustDomainId(bundlesOf(update), (bundle) => Buffer.from(formatJwks(bundle), 'utf8')) };
}

/** The bundles that the workload may verify its peers with. */
export function bundlesOf(update: WorkloadUpdate): readonly Bundle[] {
  return [update.bundle, ...update.federatedBundles.values()];
}

/** Lets a message through only if it differs from the one before. It remembers a digest, not the keys. */
export class ChangeFilter<T> {
  readonly #codec: MessageEncoder<T>;
  #last: string | undefined;

  constructor(codec: MessageEncoder<T>) {
    this.#codec = codec;
  }

  isChanged(message: T): boolean {
    const digest = createHash('sha256').update(this.#codec.encode(message).finish()).digest('base64');
    const isChanged = digest !== this.#last;
    this.#last = digest;
    return isChanged;
  }
}

interface MessageEncoder<T> {
  encode(message: T): { finish(): Uint8Array };
}

function x509BundleBytes(bundle: Bundle): Uint8Array {
  return concatenate(bundle.x509Authorities);
}

function concatenate(certificates: readonly Certificate[]): Uint8Array {
  return Buffer.concat(certificates.map((certificate) => certificate.der));
}

function byTrustDomainId(
  bundles: Iterable<Bundle>,
  bytesOf: (bundle: Bundle) => Uint8Array,
): Record<string, Uint8Array> {
  return Object.fromEntries(Array.from(bundles, (bundle) => [bundle.trustDomain.id().toString(), bytesOf(bundle)]));
}
