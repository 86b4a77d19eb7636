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

/** Signed tokens and private keys in PEM, wherever they stand in a text. */
const SECRET_TEXT =
  /\beyJ[\w-]{8,}\.[\w-]+\.[\w-]+|-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?/g;

/** Takes tokens and private keys out of a text that is about to be written. */
export function redactSecrets(text: string): string {
  return text.replace(SECRET_TEXT, REDACTED);
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
