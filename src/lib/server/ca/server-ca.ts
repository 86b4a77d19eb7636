import type { Certificate } from '../../crypto/certificate.ts';
import type { PublicKey } from '../../crypto/key.ts';
import type { Name } from '../../crypto/name.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';

/** A signed JWT-SVID with the two moments that its claims hold. */
export interface SignedJwtSvid {
  readonly token: string;
  /** Claim `iat`, seconds since the Unix epoch. */
  readonly issuedAtSeconds: number;
  /** Claim `exp`, seconds since the Unix epoch. */
  readonly expiresAtSeconds: number;
}

export interface ServerX509SvidParams {
  readonly publicKey: PublicKey;
}

export interface AgentX509SvidParams {
  readonly spiffeId: SpiffeId;
  readonly publicKey: PublicKey;
}

export interface WorkloadX509SvidParams {
  readonly spiffeId: SpiffeId;
  readonly publicKey: PublicKey;
  /** Wanted lifetime; 0 or absent means the server's default. Never past the signing CA. */
  readonly ttlSeconds?: number;
  /** The first one also becomes the common name. */
  readonly dnsNames?: readonly string[];
  /** Instead of the default subject; an empty name counts as absent. */
  readonly subject?: Name;
}

export interface WorkloadCsrParams extends Omit<WorkloadX509SvidParams, 'publicKey' | 'subject'> {
  /** PKCS#10 DER; only its key counts. */
  readonly csr: Uint8Array;
}

/** A chain as callers get it. */
export interface EncodedChain {
  /** DER, leaf first; holds no root. */
  readonly certificates: readonly { readonly der: Uint8Array }[];
  /** End of the leaf, milliseconds since the Unix epoch. */
  readonly notAfterMs: number;
}

export interface WorkloadJwtSvidParams {
  readonly spiffeId: SpiffeId;
  /** At least one that is not empty. */
  readonly audience: readonly string[];
  /** Wanted lifetime; 0 or absent means the server's default. Never past the signing key. */
  readonly ttlSeconds?: number;
  readonly includeJti?: boolean;
}

export interface DownstreamX509CaParams {
  readonly publicKey: PublicKey;
  /** Wanted lifetime; 0 or absent means the server's `ca_ttl`. Never past the signing CA. */
  readonly ttlSeconds?: number;
}

/**
 * Signs with the active authorities of this server. Chains are leaf first and hold no root. Everything throws
 * `unavailable` while there is no active authority and `internal` when a signature cannot be made.
 */
export interface ServerCa {
  /** False where the configuration turns JWT-SVIDs off; `signWorkloadJwtSvid` then throws `unimplemented`. */
  readonly isJwtSvidEnabled: boolean;
  /** For `spiffe://<trust domain>/spire/server`. */
  signServerX509Svid(params: ServerX509SvidParams): Promise<readonly Certificate[]>;
  /** Lives for `agent_ttl`. */
  signAgentX509Svid(params: AgentX509SvidParams): Promise<readonly Certificate[]>;
  signWorkloadX509Svid(params: WorkloadX509SvidParams): Promise<readonly Certificate[]>;
  /**
   * Checks the CSR and signs for its key, without holding up the event loop however many come at once. Throws
   * `invalid-csr` too.
   */
  signWorkloadCsr(params: WorkloadCsrParams): Promise<EncodedChain>;
  signWorkloadJwtSvid(params: WorkloadJwtSvidParams): Promise<SignedJwtSvid>;
  /** An intermediate CA for a nested server. */
  signDownstreamX509Ca(params: DownstreamX509CaParams): Promise<readonly Certificate[]>;
}
