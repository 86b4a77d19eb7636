import { JsonNumber, JsonObject, type JsonValue, parseJson } from '../crypto/json.ts';
import { JWS_ALGORITHMS } from '../crypto/jws.ts';
import type { Finding } from '../findings/finding.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { SpiffeId } from '../spiffe/spiffe-id.ts';
import { bounded } from './certificate-view.ts';
import type { TokenDocument } from './document.ts';
import { lifeInWords, spanInWords } from './lifetime.ts';
import { findingOfRefusal } from './refusal.ts';
import { type RuleId, ruleLabel } from './rules.ts';

/** A token taken apart as far as it goes; without its signature, so that nobody can use what is shown. */
export interface TokenView {
  /** Empty where there is none, or none that is a text. */
  readonly algorithm: string;
  readonly keyId: string;
  readonly type: string;
  readonly subject: string;
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly issuedAtMs: number | undefined;
  readonly notBeforeMs: number | undefined;
  readonly expiresAtMs: number | undefined;
  /** Names of headers and claims that no standard for SVIDs has. */
  readonly otherHeaders: readonly string[];
  readonly otherClaims: readonly string[];
}

const EMPTY: TokenView = {
  algorithm: '',
  keyId: '',
  type: '',
  subject: '',
  issuer: '',
  audience: [],
  issuedAtMs: undefined,
  notBeforeMs: undefined,
  expiresAtMs: undefined,
  otherHeaders: [],
  otherClaims: [],
};

/** Tokens of SPIRE live five minutes; one of a day is a password. */
const LONG_LIFE_MS = 24 * 3_600_000;
/** Audiences, and names of other members, that are shown. */
const MOST_SHOWN = 20;
/** No token over this length is taken apart. */
const LONGEST_TOKEN = 4 * 1024 * 1024;

/** What the standards say of a token by itself: form, header, claims, time. Its signature is not looked at. */
export function examineToken(
  { name, token }: TokenDocument,
  nowMs: number,
): { readonly token: TokenView; readonly findings: readonly Finding[] } {
  const [headerPart = '', payloadPart = '', ...rest] = token.trim().split('.', 4);
  if (rest.length !== 1 || token.length > LONGEST_TOKEN) {
    const form = token.trimStart().startsWith('{') ? 'JSON' : `${rest.length + 2} parts`;
    const message = `a token has three parts with dots between them, this is ${form}`;
    return { token: EMPTY, findings: [finding(name, 'SPK-3020', 'error', 'JS-14', message)] };
  }
  try {
    const header = decodePart(headerPart, 'header');
    const claims = decodePart(payloadPart, 'payload');
    const view = viewOf(header, claims);
    return {
      token: view,
      findings: [...examineHeader(name, header, view), ...examineClaims(name, claims, view, nowMs)],
    };
  } catch (error) {
    if (!(error instanceof SpirekitError)) throw error;
    return { token: EMPTY, findings: [findingOfRefusal(name, error, 'token')] };
  }
}

function decodePart(part: string, what: string): JsonObject {
  if (!/^[A-Za-z0-9_-]*$/.test(part)) throw new SpirekitError('invalid-jwt-svid', `the ${what} is not base64url`);
  const value = parseJson(Buffer.from(part, 'base64url'));
  if (!(value instanceof JsonObject)) throw new SpirekitError('invalid-jwt-svid', `the ${what} is not a JSON object`);
  return value;
}

function viewOf(header: JsonObject, claims: JsonObject): TokenView {
  const aud = claims.get('aud');
  const audience =
    typeof aud === 'string' ? [aud] : Array.isArray(aud) ? aud.filter((item) => typeof item === 'string') : [];
  return {
    algorithm: textOf(header.get('alg')),
    keyId: textOf(header.get('kid')),
    type: textOf(header.get('typ')),
    subject: textOf(claims.get('sub')),
    issuer: textOf(claims.get('iss')),
    audience: audience.slice(0, MOST_SHOWN).map(bounded),
    issuedAtMs: timeOf(claims.get('iat')),
    notBeforeMs: timeOf(claims.get('nbf')),
    expiresAtMs: timeOf(claims.get('exp')),
    otherHeaders: otherNames(header, ['alg', 'kid', 'typ']),
    otherClaims: otherNames(claims, ['sub', 'iss', 'aud', 'iat', 'nbf', 'exp', 'jti']),
  };
}

function examineHeader(
  name: string,
  header: JsonObject,
  { algorithm, keyId, type, otherHeaders }: TokenView,
): Finding[] {
  const findings: Finding[] = [];
  if (!JWS_ALGORITHMS.some((known) => known === algorithm)) {
    findings.push(
      finding(name, 'SPK-3021', 'error', 'JS-04', `the algorithm "${algorithm}" is not one that SVIDs are signed with`),
    );
  }
  if (keyId === '') {
    findings.push(finding(name, 'SPK-3022', 'warning', 'JS-05', 'there is no key ID: SPIRE refuses such tokens'));
  }
  if (header.get('typ') !== undefined && type !== 'JWT' && type !== 'JOSE') {
    findings.push(finding(name, 'SPK-3022', 'error', 'JS-06', `the type "${type}" is neither JWT nor JOSE`));
  }
  if (otherHeaders.length > 0) {
    findings.push(
      finding(
        name,
        'SPK-3022',
        'warning',
        'JS-02',
        `there are headers that SVIDs do not have: ${otherHeaders.join(', ')}`,
      ),
    );
  }
  return findings;
}

function examineClaims(name: string, claims: JsonObject, view: TokenView, nowMs: number): Finding[] {
  const { subject, audience, issuedAtMs, notBeforeMs = issuedAtMs, expiresAtMs } = view;
  const findings: Finding[] = [];
  try {
    if (subject === '') throw new SpirekitError('invalid-jwt-svid', 'token missing subject claim');
    SpiffeId.parse(subject);
  } catch (error) {
    if (!(error instanceof SpirekitError)) throw error;
    findings.push(finding(name, 'SPK-3023', 'error', 'JS-07', `the subject is no SPIFFE ID: ${error.message}`));
  }
  if (audience.length === 0) findings.push(finding(name, 'SPK-3024', 'error', 'JS-08', 'there is no audience'));
  else if (audience.length > 1) {
    findings.push(
      finding(name, 'SPK-3024', 'info', 'JS-10', 'several audiences: each of them may use it towards the others'),
    );
  }
  if (claims.hasDuplicates) findings.push(finding(name, 'SPK-3023', 'error', 'JS-13', 'a claim comes twice'));
  if (expiresAtMs === undefined) {
    findings.push(finding(name, 'SPK-3023', 'error', 'JS-11', 'there is no time at which it expires'));
    return findings;
  }
  const lifetime = { notBeforeMs: notBeforeMs ?? expiresAtMs - 1, notAfterMs: expiresAtMs };
  if (nowMs > expiresAtMs)
    findings.push(finding(name, 'SPK-3002', 'error', 'JS-13', `it ${lifeInWords(lifetime, nowMs)}`));
  else if (notBeforeMs !== undefined && nowMs < notBeforeMs) {
    findings.push(finding(name, 'SPK-3003', 'error', 'JS-13', `it is ${lifeInWords(lifetime, nowMs)}`));
  }
  if (issuedAtMs !== undefined && expiresAtMs - issuedAtMs > LONG_LIFE_MS) {
    const life = spanInWords(expiresAtMs - issuedAtMs);
    findings.push(
      finding(name, 'SPK-3023', 'info', 'JS-13', `it lives ${life}: whoever gets hold of it has that long`),
    );
  }
  return findings;
}

function finding(
  subject: string,
  code: Finding['code'],
  severity: Finding['severity'],
  rule: RuleId,
  message: string,
): Finding {
  return { code, severity, subject, message, rule: ruleLabel(rule) };
}

function otherNames(object: JsonObject, known: readonly string[]): string[] {
  return [...object.members.keys()]
    .filter((name) => !known.includes(name))
    .slice(0, MOST_SHOWN)
    .map((name) => name.slice(0, 200));
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? bounded(value) : '';
}

/** Seconds since the epoch as milliseconds, within what a date holds. */
function timeOf(value: JsonValue | undefined): number | undefined {
  const seconds = value instanceof JsonNumber ? value.toNumber() : Number.NaN;
  return Number.isFinite(seconds) ? Math.max(-8.64e15, Math.min(8.64e15, Math.trunc(seconds) * 1000)) : undefined;
}
