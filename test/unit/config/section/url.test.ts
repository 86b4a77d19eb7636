import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { splitUrl } from '../../../../src/lib/config/section/url.ts';

describe('splitUrl', () => {
  test('splits web addresses as browsers do', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (text) => {
        const url = new URL(text);
        const parts = splitUrl(text);
        expect(parts).toMatchObject({ scheme: url.protocol.slice(0, -1), isOpaque: false });
        expect(parts?.host.toLowerCase()).toBe(url.host);
        // Browsers encode the query anew.
        const [beforeFragment = ''] = text.split('#');
        expect(parts?.query).toBe(beforeFragment.split('?').slice(1).join('?'));
      }),
    );
  });

  test('keeps all of the text, or takes it for no URL', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const parts = splitUrl(text);
        if (parts === undefined) return;
        for (const part of [parts.userInfo ?? '', parts.host, parts.path, parts.query, parts.fragment]) {
          expect(text).toContain(part);
        }
        expect(text.toLowerCase().startsWith(parts.scheme)).toBe(true);
      }),
    );
  });

  test.each(['http://a b/', 'http://a/%zz', 'http://[::1/', ':a', 'http://a\n/'])('takes %j for no URL', (text) => {
    expect(splitUrl(text)).toBeUndefined();
  });
});
