import { isIP } from 'node:net';
import { findAddressFault } from '../../src/lib/config/agent/workload-api-address.ts';
import { splitUrl } from '../../src/lib/config/section/url.ts';
import { addressScope } from '../../src/lib/fetch/address-scope.ts';
import { FetchError } from '../../src/lib/fetch/fetch-error.ts';
import { hostOf, parseFetchUrl } from '../../src/lib/fetch/fetch-url.ts';

/**
 * Any text is none, or is a URL whose parts give the text again; an address without fault can be dialled; what is fetched
 * is https with a host.
 */
export function target(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('utf8');
  checkFetched(text);
  const parts = splitUrl(text);
  if (parts !== undefined) checkParts(text, parts);
  const fault = findAddressFault(text);
  if (fault !== undefined) return;
  if (parts === undefined) throw new Error('an address that is no URL');
  if (parts.scheme === 'tcp') {
    const [, host = '', port = ''] = /^\[?([^\]]*?)\]?:([0-9]+)$/.exec(parts.host) ?? [];
    if (isIP(host) === 0 || port === '') throw new Error('an address that nobody can dial');
  } else if (parts.scheme !== 'unix' || (parts.path === '' && parts.host === '')) {
    throw new Error('an address of no known kind');
  }
}

function checkFetched(text: string): void {
  try {
    const url = parseFetchUrl(text);
    const host = hostOf(url);
    if (url.protocol !== 'https:' || url.username !== '' || host === '') throw new Error(`fetches ${url.href}`);
    // Of the forms in which an IPv4 address can be written, whose last part is a number, none is left.
    const last = host.replace(/\.$/, '').split('.').at(-1) ?? '';
    if (/^(\d+|0x[\da-f]*|)$/i.test(last) && isIP(host) === 0) throw new Error(`fetches from ${host}`);
    if (isIP(host) === 0 && addressScope(host) !== 'special') throw new Error(`${host} is no address`);
  } catch (error) {
    if (!(error instanceof FetchError)) throw error;
  }
}

function checkParts(text: string, parts: NonNullable<ReturnType<typeof splitUrl>>): void {
  if (/[\p{Cc}]/u.test(text)) throw new Error('a control character');
  const written = [parts.scheme, parts.userInfo ?? '', parts.host, parts.path, parts.query, parts.fragment];
  let rest = text;
  for (const [index, part] of written.entries()) {
    const found = (index === 0 ? rest.toLowerCase() : rest).indexOf(part);
    if (found < 0) throw new Error(`${part} is not in the text, or not in its place`);
    rest = rest.slice(found + part.length);
  }
}
