import { KeyObject } from 'node:crypto';
import { types } from 'node:util';

/** What a field of a log line may become: text, a moment, or what JSON keeps as it is. */
export type LogValue = string | number | boolean | null | Date | readonly LogValue[];

/** Stands where a secret would have been. */
const REDACTED = '<redacted>';

/** Names under which nothing is ever written, whatever the caller meant. */
const SECRET_NAME = /^(?:.*_)?(?:token|jwt_svid|password|passphrase|secret|private_?key|credential|authorization)$/i;

/**
 * Brings a field into a form that is safe to write: errors by their message, bytes by their number, keys and fields
 * that are named like a secret not at all.
 */
export function toLogValue(name: string, value: unknown): LogValue {
  return SECRET_NAME.test(name) ? REDACTED : convert(value);
}

/** Private keys in PEM, wherever they stand in a text. */
const SECRET_PEM = /-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?/g;

/** A whole row of parts with dots between them. As it cannot fail once it began, a long text takes time in its length. */
const DOTTED = /[\w.-]+/g;

/** How the header of a signed token begins: `{"` and some more in base64url. */
const TOKEN_HEADER = /\beyJ[\w-]{8}/;

/** Takes tokens and private keys out of a text that is about to be written. */
export function redactSecrets(text: string): string {
  const withoutKeys = text.includes('-----BEGIN ') ? text.replace(SECRET_PEM, REDACTED) : text;
  return withoutKeys.includes('eyJ') ? withoutKeys.replace(DOTTED, redactTokens) : withoutKeys;
}

/** A token is a part that begins as a header, and the two parts behind it. */
function redactTokens(dotted: string): string {
  const parts = dotted.split('.');
  const kept: string[] = [];
  for (let i = 0; i < parts.length; i += 1) {
    const part = parts[i] ?? '';
    const at = parts[i + 1] && parts[i + 2] ? part.search(TOKEN_HEADER) : -1;
    kept.push(at < 0 ? part : part.slice(0, at) + REDACTED);
    if (at >= 0) i += 2;
  }
  return kept.join('.');
}

function convert(value: unknown): LogValue {
  switch (typeof value) {
    case 'string':
      return redactSecrets(value);
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'bigint':
    case 'symbol':
      return String(value);
    case 'undefined':
      return null;
    case 'function':
      return '<function>';
    case 'object':
      return value === null ? null : convertObject(value);
  }
}

function convertObject(value: object): LogValue {
  if (value instanceof Error) return redactSecrets(value.message);
  if (value instanceof KeyObject || types.isCryptoKey(value)) return REDACTED;
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return `<${value.byteLength} bytes>`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '<invalid date>' : value;
  if (Array.isArray(value)) return value.map(convert);
  // A class that says what it looks like (SpiffeId, TrustDomain, URL); never the fields of an unknown object.
  const text: unknown = typeof value.toString === 'function' ? value.toString() : undefined;
  return typeof text === 'string' ? redactSecrets(text) : '<object>';
}
