import { SpirekitError } from '../../runtime/errors.ts';

/** An object of an answer, whose members are of any type. */
export type AnswerObject = Readonly<Record<string, unknown>>;

/** A token that Vault gave out or knows. */
export interface VaultToken {
  readonly token: string;
  /** Seconds that it has left; 0: it never ends. */
  readonly leaseSeconds: number;
  readonly isRenewable: boolean;
}

/** Longest text that is taken from Vault into a message. */
const LONGEST_REASON = 300;

/**
 * Reads an answer of Vault's HTTP API; an empty one is an object without members.
 *
 * @throws SpirekitError `unavailable` for anything but a JSON object: something else answers at that address
 */
export function parseAnswer(text: string): AnswerObject {
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser quotes the text, and with it secrets.
    value = undefined;
  }
  if (isObject(value)) return value;
  throw new SpirekitError('unavailable', 'the answer is not of the form that Vault gives');
}

/** Why Vault refuses something, in its words, on one line; empty if it gives no reason. */
export function parseReasons(text: string): string {
  let answer: AnswerObject;
  try {
    answer = parseAnswer(text);
  } catch {
    return '';
  }
  const errors = answer['errors'];
  const reasons = Array.isArray(errors) ? errors.filter((error) => typeof error === 'string') : [];
  return reasons
    .join('; ')
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, LONGEST_REASON);
}

/**
 * The token in the answer to a login or a renewal.
 *
 * @throws SpirekitError `unavailable` where it is not
 */
export function parseLogin(answer: AnswerObject): VaultToken {
  const auth = getObject(answer, 'auth');
  return {
    token: getString(auth, 'client_token'),
    leaseSeconds: getSeconds(auth, 'lease_duration'),
    isRenewable: auth['renewable'] === true,
  };
}

/**
 * What Vault knows of a token.
 *
 * @throws SpirekitError `unavailable` where it does not say so
 */
export function parseTokenLookup(answer: AnswerObject): Omit<VaultToken, 'token'> {
  const data = getObject(answer, 'data');
  return { leaseSeconds: getSeconds(data, 'ttl'), isRenewable: data['renewable'] === true };
}

/** A member that is an object. @throws SpirekitError `unavailable` */
export function getObject(from: AnswerObject, name: string): AnswerObject {
  const value = memberOf(from, name);
  if (isObject(value)) return value;
  throw missing(name);
}

/** A member that is a text and not empty. @throws SpirekitError `unavailable` */
export function getString(from: AnswerObject, name: string): string {
  const value = memberOf(from, name);
  if (typeof value === 'string' && value !== '') return value;
  throw missing(name);
}

/** A member that is a list of texts. @throws SpirekitError `unavailable` */
export function getStrings(from: AnswerObject, name: string): readonly string[] {
  const value = memberOf(from, name);
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw missing(name);
}

function getSeconds(from: AnswerObject, name: string): number {
  const value = memberOf(from, name);
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw missing(name);
}

function memberOf(from: AnswerObject, name: string): unknown {
  return Object.hasOwn(from, name) ? from[name] : undefined;
}

function isObject(value: unknown): value is AnswerObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function missing(name: string): SpirekitError {
  return new SpirekitError('unavailable', `the answer of Vault has no usable member "${name}"`);
}
