import type { Certificate } from '../../../crypto/certificate.ts';

/** What a server asks of its upstream: a certificate for the key of its next CA. */
export interface MintX509CaRequest {
  /** PKCS#10 DER, signed by the key that the CA will have. */
  readonly csr: Uint8Array;
  /** Wanted lifetime; the upstream may give less or more. */
  readonly preferredTtlSeconds: number;
}

/** An intermediate CA from upstream. */
export interface MintedX509Ca {
  /** The CA first, then the intermediates up to its root, which is not among them. */
  readonly chain: readonly Certificate[];
  /** The roots that the trust domain has upstream, as they are now. */
  readonly roots: readonly Certificate[];
}

/** Signs the CA of this server, and tells which roots the trust domain has. */
export interface UpstreamAuthority {
  /** The name in the configuration, such as `disk`. */
  readonly name: string;
  /** Throws what the upstream refused with, `unavailable` while it cannot be reached. */
  mintX509Ca(request: MintX509CaRequest, options: { readonly signal?: AbortSignal | undefined }): Promise<MintedX509Ca>;
}
