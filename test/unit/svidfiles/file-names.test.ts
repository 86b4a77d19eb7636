import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';
import { nameOf, parseFileNames } from '../../../src/lib/svidfiles/file-names.ts';
import { FILE_ROLES } from '../../../src/lib/svidfiles/identity-file.ts';

const part = { role: 'cert', data: '', isSecret: false, n: 3, m: 4, trustDomain: 'example.org' } as const;

describe('parseFileNames', () => {
  it('reads names by role', () => {
    expect(parseFileNames('cert=tls.pem, key = tls.{n}.key')).toEqual({ cert: 'tls.pem', key: 'tls.{n}.key' });
  });

  it.each([
    ['', 'has "", which is not ROLE=NAME'],
    ['tls.pem', 'which is not ROLE=NAME'],
    ['certificate=x', 'roles: cert, key, bundle'],
    ['cert=a,cert=b', 'names cert twice'],
    ['cert=', 'has "", which cannot be the name of a file here'],
    ['cert=../x', 'has "../x", which cannot be'],
    ['cert=a/b', 'has "a/b", which cannot be'],
    ['cert=..data', 'has "..data", which cannot be'],
    ['cert=.', 'has ".", which cannot be'],
    ['cert=a\nb', 'has "a\\nb", which cannot be'],
    ['cert={index}.pem', 'has "{index}"; there are {n}, {m} and {td}'],
    [`cert=${'x'.repeat(256)}`, 'has a name of more than 255 bytes'],
    ['x'.repeat(5000), 'is too long'],
  ])('refuses %j', (text, reason) => {
    expect(() => parseFileNames(text)).toThrow(reason);
  });

  it('keeps any name that can be one, and refuses all others with a code', () => {
    fc.assert(
      fc.property(fc.constantFrom(...FILE_ROLES), fc.string(), (role, name) => {
        try {
          const written = nameOf(parseFileNames(`${role}=${name}`)[role] ?? '', part);
          expect(written).toMatch(/^(?!\.\.|\.$)[^/]+$/);
        } catch (error) {
          expect(error).toMatchObject({ code: 'usage' });
          expect(error).toBeInstanceOf(SpirekitError);
        }
      }),
    );
  });
});

describe('nameOf', () => {
  it('fills in what stands between braces', () => {
    expect(nameOf('{td}-{n}.{m}.pem', part)).toBe('example.org-3.4.pem');
  });

  it('refuses what a trust domain makes of it', () => {
    expect(() => nameOf('{td}.pem', { ...part, trustDomain: '..a' })).toThrow('cannot be the name of a file here');
    expect(() => nameOf('{td}.pem', { ...part, trustDomain: 'a'.repeat(255) })).toThrow('more than 255 bytes');
  });
});
