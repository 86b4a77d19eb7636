/**
 * Certificates one after the other, each in base64; or how many bytes there were that are none, which is all that is kept of
 * them.
 */
export type RecordedCertificates = readonly string[] | { readonly malformed_bytes: number };

/** Whether a key that came with an SVID was its own. No key is ever recorded, not even another one. */
export type RecordedKey = 'matches' | 'differs' | 'unreadable';

export interface RecordedX509Svid {
  readonly spiffe_id: string;
  /** Leaf first. */
  readonly certificates: RecordedCertificates;
  readonly key: RecordedKey;
  readonly bundle: RecordedCertificates;
  readonly hint: string;
}

export interface RecordedJwtSvid {
  readonly spiffe_id: string;
  readonly token: string;
  readonly hint: string;
}

/** A JWK set as the object that it is; a string is text that is none. */
export type RecordedJwks = Readonly<Record<string, unknown>> | string;

/** One answer of the Workload API, of each kind that there is; revocation lists are left out. */
export type RecordedAnswer =
  | {
      readonly kind: 'x509_svids';
      readonly svids: readonly RecordedX509Svid[];
      readonly federated_bundles: Readonly<Record<string, RecordedCertificates>>;
    }
  | { readonly kind: 'x509_bundles'; readonly bundles: Readonly<Record<string, RecordedCertificates>> }
  | { readonly kind: 'jwt_svids'; readonly svids: readonly RecordedJwtSvid[] }
  | { readonly kind: 'jwt_bundles'; readonly bundles: Readonly<Record<string, RecordedJwks>> }
  | {
      readonly kind: 'jwt_validation';
      readonly spiffe_id: string;
      readonly claims: Readonly<Record<string, unknown>>;
    };

/** What a call asks for; calls for X.509 and for bundles ask for nothing in particular. */
export type RecordedRequest =
  | { readonly kind: 'none' }
  | { readonly kind: 'jwt_svid'; readonly audience: readonly string[]; readonly spiffe_id: string }
  | { readonly kind: 'jwt_validation'; readonly audience: string; readonly token: string };
