import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FetchError } from '../../../src/lib/fetch/fetch-error.ts';
import { hostOf, parseFetchUrl, shownUrl } from '../../../src/lib/fetch/fetch-url.ts';

describe('parseFetchUrl', () => {
  test.each([
    ['http://far.example/', 'URL must use the https scheme, not "http:"'],
    ['file:///etc/passwd', 'URL must use the https scheme, not "file:"'],
    ['https://user@far.example/', 'URL must not contain user info'],
    ['https://user:secret@far.example/', 'URL must not contain user info'],
    ['https://', '"https://" is not a URL'],
    ['https:./', '"https:./" names no host'],
    ['https://far..example/', '"https://far..example/" names no host'],
    ['/bundle', '"/bundle" is not a URL'],
    [`https://far.example/${'a'.repeat(2048)}`, 'URL is too long'],
  ])('refuses %s', (text, message) => {
    expect(() => parseFetchUrl(text)).toThrow(expect.objectContaining({ code: 'invalid-argument', message }));
  });

  test('takes a relative one where it is told to what it refers', () => {
    expect(parseFetchUrl('/other#part', new URL('https://far.example/bundle')).href).toBe('https://far.example/other');
    expect(() => parseFetchUrl('http://far.example/', new URL('https://far.example/'))).toThrow(FetchError);
  });

  test('any text is https with a host and without credentials, or is refused', () => {
    const rest = fc.oneof(
      fc.string(),
      fc.webUrl().map((url) => url.slice(8)),
    );
    fc.assert(
      fc.property(fc.constantFrom('', 'https://', 'https:', 'http://', 'https:////'), rest, (start, text) => {
        let url: URL;
        try {
          url = parseFetchUrl(start + text);
        } catch (error) {
          expect(error).toBeInstanceOf(FetchError);
          return;
        }
        expect(url).toMatchObject({ protocol: 'https:', username: '', password: '', hash: '' });
        expect(hostOf(url)).not.toBe('');
        expect(shownUrl(url)).not.toContain('?');
        expect(parseFetchUrl(url.href).href).toBe(url.href);
      }),
    );
  });
});

test('a host is without brackets', () => {
  expect(hostOf(parseFetchUrl('https://[::1]:8443/'))).toBe('::1');
  expect(hostOf(parseFetchUrl('https://0x7f.1/'))).toBe('127.0.0.1');
});
