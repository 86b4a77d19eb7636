import type { Certificate } from '../../../crypto/certificate.ts';
import type { KeyAuthority, X509Authority } from '../../../spiffe/authority-bundle.ts';

/** What a server asks its upstream authority to sign. */
export interface MintX509CaRequest {
  /** PKCS#10 DER; its one URI is the ID of the trust domain. */
  readonly csr: Uint8Array;
  /** The wanted lifetime; an upstream authority may choose another. */
  readonly preferredTtlSeconds: number;
}

/** A CA below an upstream authority. */
export interface MintedX509Ca {
  /** The new CA first, then the CAs between it and a root; without the root. */
  readonly chain: readonly [Certificate, ...Certificate[]];
  /** All roots of the upstream authority, at least one. */
  readonly roots: readonly X509Authority[];
  /** All roots anew whenever they change, until the signal of the call aborts; absent where they are only told when asked. */
  readonly updates?: AsyncIterable<readonly X509Authority[]> | undefined;
}

/** What an upstream authority knows after it was given a key. */
export interface PublishedJwtKey {
  /** All keys of the upstream authority, with the new one. */
  readonly keys: readonly KeyAuthority[];
  /** All keys anew whenever they change, until the signal of the call aborts; absent where they are only told when asked. */
  readonly updates?: AsyncIterable<readonly KeyAuthority[]> | undefined;
}

/** The trust bundle of an upstream authority. */
export interface UpstreamBundle {
  /** At least one. */
  readonly x509Authorities: readonly X509Authority[];
  readonly jwtAuthorities: readonly KeyAuthority[];
}

/**
 * An authority above this server, which signs its X.509 CA. Calls reject once their signal aborts and end what they had
 * started.
 */
export interface UpstreamAuthority {
  /** The name in the configuration, such as `disk`. */
  readonly name: string;
  /** Errors: `invalid-argument` or `invalid-csr` for a CSR that is refused, `unavailable`, `internal`. */
  mintX509Ca(request: MintX509CaRequest, options: { readonly signal: AbortSignal }): Promise<MintedX509Ca>;
  /** Error: `unimplemented` from an authority that keeps no keys for JWT-SVIDs; those stay with the server then. */
  publishJwtKey(key: KeyAuthority, options: { readonly signal: AbortSignal }): Promise<PublishedJwtKey>;
  /**
   * The bundle now and whenever it changes, until the signal aborts. Throws `unimplemented` from an authority that tells
   * its roots only with {@link mintX509Ca}.
   */
  watchBundle(options: { readonly signal: AbortSignal }): AsyncIterable<UpstreamBundle>;
}
