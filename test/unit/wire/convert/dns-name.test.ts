import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkDnsName } from '../../../../src/lib/wire/convert/dns-name.ts';

/** What SPIRE 1.15.3 says of each; a blank inside is where this package is stricter. */
describe('checkDnsName', () => {
  it.each([
    'a.b',
    'A.b',
    'a_b.c',
    '*.a',
    '1.2.3.4',
    'xn--mnchen-3ya.de',
    'xn--zca.de',
    'xn--fa-hia.de',
    'xn--nxasmq6b',
    'a.b:80',
    `${'a'.repeat(63)}.b`,
  ])('takes "%s"', (name) => {
    expect(() => checkDnsName(name)).not.toThrow();
  });

  it.each([
    ['', 'empty or only whitespace'],
    ['*.', 'empty or only whitespace'],
    ['é.x', 'name must be ascii'],
    ['*.*.a', 'too many wildcards'],
    ['*', 'wildcard must be first label'],
    ['a.*', 'wildcard must be first label'],
    ['a*.b', 'wildcard must be first label'],
    ['a.', 'domain ends with dot'],
    ['.a', 'idna error\nidna: invalid label ".a"'],
    ['a..b', 'idna error\nidna: invalid label "a..b"'],
    ['-a.b', 'idna error\nidna: invalid label "-a"'],
    ['*.a-', 'idna error\nidna: invalid label "a-"'],
    ['ab--c.d', 'idna error\nidna: invalid label "ab--c"'],
    ['xn--a.b', 'idna error'],
    ['xn--.b', 'idna error'],
    ['xn--1ch', 'idna error'],
    ['xn--a-ecp.ru', 'idna error'],
    ['xn--MNCHEN-3ya.de', 'idna error'],
    ['a b', 'idna error'],
    [`${'a'.repeat(64)}.b`, 'idna error'],
    [Array.from({ length: 128 }, () => 'a').join('.'), 'idna error'],
  ])('refuses "%s"', (name, message) => {
    expect(() => checkDnsName(name)).toThrow(message);
  });

  it('lets no control character, blank or character beyond ASCII through', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        try {
          checkDnsName(name);
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid-argument' });
          return;
        }
        expect(name).toMatch(/^[!-~]{1,255}$/);
      }),
    );
  });
});
