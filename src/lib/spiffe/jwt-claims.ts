import { CryptoError } from '../crypto/crypto-error.ts';
import { JsonNumber, JsonObject, type JsonValue, type PlainJson, parseJson, toPlainJson } from '../crypto/json.ts';
import { goQuote } from '../runtime/go-quote.ts';
import { SpiffeError } from './spiffe-error.ts';
import { SpiffeId } from './spiffe-id.ts';

/** The claims of a JWT-SVID that this package looks at (JWT-SVID section 3), read but not verified. */
export interface JwtClaims {
  readonly id: SpiffeId;
  /** Empty if the token has none. */
  readonly audience: readonly string[];
  /** Seconds since the Unix epoch, fractions cut off; so are the next two. */
  readonly expirySeconds: number;
  readonly notBeforeSeconds: number | undefined;
  readonly issuedAtSeconds: number | undefined;
  /** Every claim of the token, as JSON values. */
  readonly all: Readonly<Record<string, PlainJson>>;
}

/** How far the clocks of issuer and validator may differ, in milliseconds: what go-jose grants (JWT-SVID section 4). */
const LEEWAY_MS = 60_000;

/**
 * Reads the payload of a token: `sub` must be a SPIFFE ID, `exp` must be there, and all of RFC 7519's claims must have
 * their types. A claim that is null counts as absent, but for `aud`.
 *
 * @throws SpiffeError `invalid-jwt-svid`
 */
export function parseJwtClaims(payload: Uint8Array): JwtClaims {
  const { object, all } = readPayload(payload);
  const subject = readString(object, 'sub');
  for (const name of ['iss', 'jti']) readString(object, name);
  const audience = readAudience(object.get('aud'));
  const expirySeconds = readDate(object, 'exp');
  const notBeforeSeconds = readDate(object, 'nbf');
  const issuedAtSeconds = readDate(object, 'iat');
  if (subject === '') throw invalid('token missing subject claim');
  if (expirySeconds === undefined) throw invalid('token missing exp claim');
  return { id: parseSubject(subject), audience, expirySeconds, notBeforeSeconds, issuedAtSeconds, all };
}

/**
 * Checks time and audience: one of ours must be in the token (JWT-SVID sections 3.2 and 3.3, RFC 7519 section 4.1). A token
 * from the future is refused although the standards do not ask for it: SPIRE does.
 *
 * @throws SpiffeError `invalid-jwt-svid`
 */
export function checkJwtClaims(claims: JwtClaims, audience: readonly string[], nowMs: number): void {
  if (!audience.some((ours) => claims.audience.includes(ours))) {
    throw invalid(`expected audience in ${quoteAll(audience)} (audience=${quoteAll(claims.audience)})`);
  }
  const { notBeforeSeconds = -Infinity, issuedAtSeconds = -Infinity } = claims;
  if (nowMs + LEEWAY_MS < notBeforeSeconds * 1000) {
    throw invalid('go-jose/go-jose/jwt: validation failed, token not valid yet (nbf)');
  }
  if (nowMs - LEEWAY_MS > claims.expirySeconds * 1000) throw invalid('token has expired');
  if (nowMs + LEEWAY_MS < issuedAtSeconds * 1000) {
    throw invalid('go-jose/go-jose/jwt: validation field, token issued in the future (iat)');
  }
}

function readPayload(payload: Uint8Array): { object: JsonObject; all: Readonly<Record<string, PlainJson>> } {
  try {
    const object = parseJson(payload);
    const all = toPlainJson(object);
    if (!(object instanceof JsonObject) || all === null || typeof all !== 'object' || Array.isArray(all)) {
      throw invalid('token payload is not an object');
    }
    return { object, all };
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause;
    throw new SpiffeError('invalid-jwt-svid', cause.message, { cause });
  }
}

function parseSubject(subject: string): SpiffeId {
  try {
    return SpiffeId.parse(subject);
  } catch (cause) {
    if (!(cause instanceof SpiffeError)) throw cause;
    // SPIRE's spelling, which scripts may read (pkg/common/jwtsvid/validate.go).
    throw new SpiffeError('invalid-jwt-svid', `token has in invalid subject claim: ${cause.message}`, { cause });
  }
}

/** Empty if absent. */
function readString(object: JsonObject, name: string): string {
  const value = object.get(name) ?? null;
  if (value === null) return '';
  if (typeof value !== 'string') throw invalid(`claim "${name}" is not a string`);
  return value;
}

/** A string or an array of strings (RFC 7519 section 4.1.3). */
function readAudience(value: JsonValue | undefined): readonly string[] {
  if (value === undefined) return [];
  if (typeof value === 'string') return [value];
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw invalid('go-jose/go-jose/jwt: expected string or array value to unmarshal to Audience');
}

/** A NumericDate within 64 bits (RFC 7519 section 2). */
function readDate(object: JsonObject, name: string): number | undefined {
  const value = object.get(name) ?? null;
  if (value === null) return undefined;
  const seconds = value instanceof JsonNumber ? value.toNumber() : Number.NaN;
  if (!(Math.abs(seconds) < 2 ** 63)) {
    throw invalid('go-jose/go-jose/jwt: expected number value to unmarshal NumericDate');
  }
  return Math.trunc(seconds);
}

/** As Go prints a list of strings with `%q`. */
function quoteAll(texts: readonly string[]): string {
  return `[${texts.map(goQuote).join(' ')}]`;
}

function invalid(what: string): SpiffeError {
  return new SpiffeError('invalid-jwt-svid', what);
}
