import type { Signer } from '../crypto/signer.ts';
import { SpirekitError } from '../runtime/errors.ts';
import type { JwtBundleSource } from './bundle-source.ts';
import type { SpiffeId } from './spiffe-id.ts';

/** The signature algorithms of the JWT-SVID standard (section 2.1). */
export type JwtAlgorithm = 'RS256' | 'RS384' | 'RS512' | 'ES256' | 'ES384' | 'ES512' | 'PS256' | 'PS384' | 'PS512';

/** A JWT-SVID that was checked, or that this process has signed. */
export class JwtSvid {
  readonly id: SpiffeId;
  readonly audience: readonly string[];
  readonly expiry: Date;
  /** All claims of the token, as JSON values. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** The token in compact serialization. A bearer secret. */
  readonly token: string;
  readonly hint: string;

  constructor(fields: {
    readonly id: SpiffeId;
    readonly audience: readonly string[];
    readonly expiry: Date;
    readonly claims: Readonly<Record<string, unknown>>;
    readonly token: string;
    readonly hint?: string;
  }) {
    this.id = fields.id;
    this.audience = fields.audience;
    this.expiry = fields.expiry;
    this.claims = fields.claims;
    this.token = fields.token;
    this.hint = fields.hint ?? '';
  }
}

/** Checks a token in full. @throws SpiffeError `invalid-jwt-svid`, with the sentence of SPIRE's agent */
export async function parseJwtSvid(
  _token: string,
  _audience: readonly string[],
  _bundles: JwtBundleSource,
  _options: { readonly nowMs: number },
): Promise<JwtSvid> {
  throw new SpirekitError('unimplemented', 'not yet');
}

/** Checks everything but the signature: for tokens that the Workload API or a server handed to us over a trusted channel. */
export function parseJwtSvidUnverified(
  _token: string,
  _audience: readonly string[],
  _options: { readonly nowMs: number },
): JwtSvid {
  throw new SpirekitError('unimplemented', 'not yet');
}

/** Signs a JWT-SVID. */
export async function signJwtSvid(_request: {
  readonly id: SpiffeId;
  readonly audience: readonly string[];
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  readonly issuer?: string;
  readonly jti?: string;
  readonly kid: string;
  readonly signer: Signer;
  /** What the signer makes by default: RS256, ES256, ES384 or ES512 by its key. */
  readonly algorithm?: JwtAlgorithm;
}): Promise<JwtSvid> {
  throw new SpirekitError('unimplemented', 'not yet');
}
