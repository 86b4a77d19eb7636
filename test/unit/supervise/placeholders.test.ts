import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandPlaceholders, placeholderAudiences } from '../../../src/lib/supervise/placeholders.ts';

const values = {
  cert: '/d/svid.pem',
  key: '/d/key.pem',
  bundle: '/d/{key}',
  dir: '/d',
  spiffe_id: 'spiffe://example.org/web',
  jwt: new Map([['a', '/d/jwt']]),
};

describe('placeholders', () => {
  it('stand for files and the identity, wherever they are in an argument', () => {
    expect(expandPlaceholders('--tls={cert},{key}', values)).toBe('--tls=/d/svid.pem,/d/key.pem');
    expect(expandPlaceholders('{spiffe_id}{dir}', values)).toBe('spiffe://example.org/web/d');
    expect(expandPlaceholders('@{jwt:a}', values)).toBe('@/d/jwt');
  });

  it('leave what is no placeholder, and do not look at their values again', () => {
    for (const text of ['{}', '{a}', '${key', '{{key', '{Cert}']) {
      expect(expandPlaceholders(text, values)).toBe(text);
    }
    expect(expandPlaceholders('{bundle}', values)).toBe('/d/{key}');
  });

  it('name the audiences that tokens are needed for', () => {
    expect(placeholderAudiences(['{jwt:a}', 'x{jwt:b,c}{jwt:a}', '{cert}'])).toEqual(['a', 'b,c']);
    expect(() => expandPlaceholders('{jwt:b}', values)).toThrow(/no token for the audience "b"/);
  });

  it('change nothing else in any text', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[^{}]*$/)), (parts) => {
        const joined = parts.join('{cert}');
        return expandPlaceholders(joined, values) === parts.join('/d/svid.pem');
      }),
    );
  });
});
