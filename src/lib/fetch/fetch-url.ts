import { goQuote } from '../runtime/go-quote.ts';
import { FetchError } from './fetch-error.ts';

/** Longer than any address of a document. */
const LONGEST_URL = 2048;

/**
 * Reads the URL of a document to fetch: https with a host, no user name or password.
 *
 * @param base what a relative one refers to
 * @throws FetchError `invalid-argument`
 */
export function parseFetchUrl(text: string, base?: URL): URL {
  if (text.length > LONGEST_URL) throw new FetchError('invalid-argument', 'URL is too long');
  if (!URL.canParse(text, base?.href)) throw new FetchError('invalid-argument', `${goQuote(text)} is not a URL`);
  const url = new URL(text, base?.href);
  if (url.protocol !== 'https:') {
    throw new FetchError('invalid-argument', `URL must use the https scheme, not ${goQuote(url.protocol)}`);
  }
  if (/^\.|\.\./.test(url.hostname)) throw new FetchError('invalid-argument', `${goQuote(text)} names no host`);
  if (url.username !== '' || url.password !== '') {
    throw new FetchError('invalid-argument', 'URL must not contain user info');
  }
  url.hash = '';
  return url;
}

/** The host of a URL as sockets take it: an IPv6 address without brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/s, '$1');
}

/** The URL for a message: without its query, in which there may be a secret. */
export function shownUrl(url: URL): string {
  return `${url.origin}${url.pathname}`;
}
