import type { Certificate } from '../../crypto/certificate.ts';
import { pemEncode } from '../../crypto/pem.ts';
import type { KeystorePassword } from '../../crypto/pkcs12/pkcs12.ts';
import type { X509Svid } from '../../spiffe/x509-svid.ts';
import type { FileNames } from '../file-names.ts';
import type { FilePart } from '../identity-file.ts';

/** What becomes of the bundles of other trust domains: a file each, into the file of the own bundle, or nothing. */
export type FederatedBundles = 'separate' | 'merge' | 'omit';

/** How files are laid out, whatever the layout; layouts pass over what they have no use for. */
export interface LayoutOptions {
  readonly federated: FederatedBundles;
  /** Puts the intermediates of the chain beside the roots, and the leaf alone where the chain would be. */
  readonly addsIntermediatesToBundle: boolean;
  readonly password?: KeystorePassword | undefined;
}

/** An identity with the bundles that it verifies peers with. */
export interface LaidOutIdentity {
  readonly svid: X509Svid;
  /** Of its own trust domain. */
  readonly bundle: readonly Certificate[];
  /** Of the others, by name in alphabetical order. */
  readonly federated: readonly (readonly [string, readonly Certificate[]])[];
}

/** A way to spread an identity over files. */
export interface Layout {
  /** Whether it has files for every identity; others have them for the first alone. */
  readonly holdsAll: boolean;
  /** What the files are called unless a person says otherwise. */
  readonly names: FileNames;
  /** What becomes of federated bundles unless a person says otherwise. */
  readonly federated: FederatedBundles;
  parts(identity: LaidOutIdentity, n: number, options: LayoutOptions): Promise<FilePart[]> | FilePart[];
}

/** Certificates as PEM, one after the other. */
export function certificatesPem(certificates: readonly Certificate[]): string {
  return certificates.map(({ der }) => pemEncode('CERTIFICATE', der)).join('');
}

/** The certificates of the chain's file and those of the bundle's. */
export function chainAndBundle(
  { svid, bundle, federated }: LaidOutIdentity,
  options: LayoutOptions,
): { readonly chain: readonly Certificate[]; readonly bundle: readonly Certificate[] } {
  const intermediates = svid.certificates.slice(1);
  const others = options.federated === 'merge' ? federated.flatMap(([, certificates]) => certificates) : [];
  return options.addsIntermediatesToBundle
    ? { chain: svid.certificates.slice(0, 1), bundle: [...bundle, ...intermediates, ...others] }
    : { chain: svid.certificates, bundle: [...bundle, ...others] };
}

/** A file each for the bundles of other trust domains, if that is wanted. */
export function federatedParts({ federated }: LaidOutIdentity, n: number, options: LayoutOptions): FilePart[] {
  if (options.federated !== 'separate') return [];
  return federated.map(([trustDomain, certificates], m) => ({
    role: 'federated',
    data: certificatesPem(certificates),
    isSecret: false,
    n,
    m,
    trustDomain,
  }));
}
