/**
 * What a file is for. `combined` holds a private key and its chain; `keystore` and `truststore` are PKCS#12; `federated`
 * is the bundle of another trust domain, in whatever form the layout has for bundles.
 */
export const FILE_ROLES = [
  'cert',
  'key',
  'bundle',
  'federated',
  'combined',
  'keystore',
  'truststore',
  'jwt',
  'jwt-bundle',
  'federated-jwt-bundle',
] as const;

/** One of {@link FILE_ROLES}. */
export type FileRole = (typeof FILE_ROLES)[number];

/** A file of an identity, as it has to be on disk. */
export interface IdentityFile {
  /** Without a folder. */
  readonly name: string;
  readonly role: FileRole;
  readonly data: string | Uint8Array;
  /** Permission bits, such as `0o600`. */
  readonly mode: number;
}

/** What a layout makes: a file that has no name yet. */
export interface FilePart {
  readonly role: FileRole;
  readonly data: string | Uint8Array;
  /** Whether it holds a private key or a token. */
  readonly isSecret: boolean;
  /** The number of the identity or token that it belongs to, from 0: `{n}` in a name. */
  readonly n: number;
  /** The number of the bundle among those of other trust domains, from 0: `{m}` in a name. */
  readonly m: number;
  /** Of the bundle, or of the identity: `{td}` in a name. */
  readonly trustDomain: string;
}
