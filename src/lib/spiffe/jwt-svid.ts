import { CryptoError } from '../crypto/crypto-error.ts';
import {
  getJwsAlgorithm,
  isJwsSignatureValid,
  type Jws,
  type JwsAlgorithm,
  parseCompactJws,
  signCompactJws,
} from '../crypto/jws.ts';
import type { Signer } from '../crypto/signer.ts';
import { goQuote } from '../runtime/go-quote.ts';
import type { JwtBundleSource } from './bundle-source.ts';
import { checkJwtClaims, type JwtClaims, parseJwtClaims } from './jwt-claims.ts';
import { SpiffeError } from './spiffe-error.ts';
import type { SpiffeId } from './spiffe-id.ts';

/** A JWT-SVID that was checked, or that this process has signed. */
export class JwtSvid {
  readonly id: SpiffeId;
  readonly audience: readonly string[];
  /** Clamped to what a Date holds. */
  readonly expiry: Date;
  /** All claims of the token, as JSON values. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** The token in compact serialization. A bearer secret: whoever has it, is the subject. */
  readonly token: string;
  /** The operator's word on what the identity is for; empty if there is none. */
  readonly hint: string;

  /** Trusts its arguments; {@link parseJwtSvid} checks them. */
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

/** Claims of a JWT-SVID. */
export interface JwtSvidClaims extends Readonly<Record<string, unknown>> {
  readonly aud: readonly string[];
  readonly exp: number;
  readonly iat: number;
  readonly sub: string;
}

/** What {@link signJwtSvid} signs. */
export interface JwtSvidRequest {
  readonly id: SpiffeId;
  /** At least one; written as an array even if it is one. */
  readonly audience: readonly string[];
  /** Both are cut to whole seconds. */
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  /** Claim `iss`; none by default. */
  readonly issuer?: string | undefined;
  /** Claim `jti`; none by default. */
  readonly jti?: string | undefined;
  /** The signing key's ID in the bundle. */
  readonly kid: string;
  readonly signer: Signer;
  /** What the signer makes by default, which is all that it can make: RS256, ES256, ES384 or ES512 by its key. */
  readonly algorithm?: JwsAlgorithm | undefined;
}

/**
 * Checks a token in full (JWT-SVID sections 2 to 6): form, algorithm, `typ`, claims, signature by a key of the subject's own
 * trust domain, time (with a minute of leeway) and audience. A line break behind the token is forgiven, as tokens come out
 * of files.
 *
 * @param audience the validator's names, of which the token must hold one; at least one
 * @param options.nowMs milliseconds since the Unix epoch
 * @throws SpiffeError `invalid-jwt-svid` with the sentence of SPIRE's agent, `invalid-argument` without an audience
 */
export async function parseJwtSvid(
  token: string,
  audience: readonly string[],
  bundles: JwtBundleSource,
  options: { readonly nowMs: number },
): Promise<JwtSvid> {
  return check(token, audience, options.nowMs, (jws, kid, claims) => {
    const { trustDomain } = claims.id;
    const keys = bundles.findJwtBundle(trustDomain);
    if (keys === undefined) throw invalid(`no keys found for trust domain "${trustDomain.name}"`);
    const key = keys.get(kid);
    if (key === undefined) throw invalid(`public key ${goQuote(kid)} not found in trust domain "${trustDomain.name}"`);
    if (!isJwsSignatureValid(jws, key)) throw invalid('go-jose/go-jose: error in cryptographic primitive');
  });
}

/**
 * Checks everything but the signature: for tokens that the Workload API or a server has handed to us over a channel that is
 * trusted. Never for tokens of callers.
 *
 * @throws as {@link parseJwtSvid}
 */
export function parseJwtSvidUnverified(
  token: string,
  audience: readonly string[],
  options: { readonly nowMs: number },
): JwtSvid {
  return check(token, audience, options.nowMs, () => {});
}

/**
 * Signs a JWT-SVID with the header and claims of SPIRE's: `alg`, `kid`, `typ`; `aud`, `exp`, `iat`, `sub` and where asked for
 * `iss` and `jti`.
 *
 * @throws SpiffeError `invalid-argument` for a request that would make an invalid token
 */
export async function signJwtSvid(request: JwtSvidRequest): Promise<JwtSvid> {
  const { id } = request;
  const claims = jwtSvidClaims(request);
  const token = await signJwtSvidClaims(claims, request);
  return new JwtSvid({ id, audience: claims.aud, expiry: new Date(claims.exp * 1000), claims, token });
}

/** The claims that {@link signJwtSvid} signs. @throws SpiffeError `invalid-argument` */
export function jwtSvidClaims({ id, audience, ...request }: JwtSvidRequest): JwtSvidClaims {
  if (audience.length === 0 || audience.includes('')) {
    throw new SpiffeError('invalid-argument', 'audience must be specified');
  }
  return {
    aud: [...audience],
    exp: Math.floor(request.expiresAt.getTime() / 1000),
    iat: Math.floor(request.issuedAt.getTime() / 1000),
    ...(request.issuer !== undefined && { iss: request.issuer }),
    ...(request.jti !== undefined && { jti: request.jti }),
    sub: id.toString(),
  };
}

/** Signs claims with the header of a JWT-SVID, whatever they say. Resolves with the token. @throws SpiffeError `invalid-argument` */
export async function signJwtSvidClaims(
  claims: Readonly<Record<string, unknown>>,
  { kid, signer, ...request }: Pick<JwtSvidRequest, 'kid' | 'signer' | 'algorithm'>,
): Promise<string> {
  const algorithm = getJwsAlgorithm(signer.publicKey);
  if (request.algorithm !== undefined && request.algorithm !== algorithm) {
    throw new SpiffeError('invalid-argument', `signer makes ${algorithm}, not ${request.algorithm}`);
  }
  if (kid === '') throw new SpiffeError('invalid-argument', 'key ID must be specified');
  return await signCompactJws({ alg: algorithm, kid, typ: 'JWT' }, claims, signer);
}

function check(
  tokenText: string,
  audience: readonly string[],
  nowMs: number,
  verify: (jws: Jws, kid: string, claims: JwtClaims) => void,
): JwtSvid {
  if (audience.length === 0) throw new SpiffeError('invalid-argument', 'audience must be specified');
  const token = tokenText.replace(/\r?\n$/, '');
  const jws = parse(token);
  checkType(jws);
  const kid = jws.header.get('kid') ?? '';
  if (typeof kid !== 'string') throw invalid('unable to parse JWT token: key ID is not a string');
  if (kid === '') throw invalid('token header missing key id');
  const claims = parseJwtClaims(jws.payload);
  verify(jws, kid, claims);
  checkJwtClaims(claims, audience, nowMs);
  const { id, all } = claims;
  return new JwtSvid({ id, audience: claims.audience, expiry: toDate(claims.expirySeconds), claims: all, token });
}

function parse(token: string): Jws {
  try {
    return parseCompactJws(token);
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause;
    throw new SpiffeError('invalid-jwt-svid', `unable to parse JWT token: ${cause.message}`, { cause });
  }
}

/** JWT-SVID section 2.3. */
function checkType({ header }: Jws): void {
  const typ = header.get('typ');
  if (typ !== undefined && typ !== 'JWT' && typ !== 'JOSE') {
    throw invalid('token header type not equal to either JWT or JOSE');
  }
}

/** Seconds since the epoch; a Date ends some 270,000 years from now. */
function toDate(seconds: number): Date {
  return new Date(Math.max(-8.64e15, Math.min(8.64e15, seconds * 1000)));
}

function invalid(what: string): SpiffeError {
  return new SpiffeError('invalid-jwt-svid', what);
}
