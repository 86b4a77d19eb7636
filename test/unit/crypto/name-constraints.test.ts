import { describe, expect, it } from 'vitest';
import { derExplicit, derImplicit, derSequence } from '../../../src/lib/crypto/der/writer.ts';
import { NO_NAMES } from '../../../src/lib/crypto/general-names.ts';
import {
  findForbiddenName,
  type NameConstraints,
  parseNameConstraints,
} from '../../../src/lib/crypto/name-constraints.ts';

const TAGS = { email: 1, dns: 2, uri: 6, ip: 7, directory: 4 } as const;
type Kind = keyof typeof TAGS;

function subtrees(list: readonly (readonly [Kind, string | Uint8Array])[]): Uint8Array[] {
  return list.map(([kind, base]) => derSequence(derImplicit(TAGS[kind], Buffer.from(base))));
}

function constraints(
  permitted: readonly (readonly [Kind, string | Uint8Array])[],
  excluded: readonly (readonly [Kind, string | Uint8Array])[] = [],
): NameConstraints {
  const parts = [
    ...(permitted.length > 0 ? [derExplicit(0, ...subtrees(permitted))] : []),
    ...(excluded.length > 0 ? [derExplicit(1, ...subtrees(excluded))] : []),
  ];
  return parseNameConstraints(derSequence(...parts));
}

const allows = (given: NameConstraints, names: Partial<typeof NO_NAMES>): boolean =>
  findForbiddenName(given, { ...NO_NAMES, ...names }) === undefined;

describe('name constraints', () => {
  it.each([
    ['example.org', 'spiffe://example.org/a', true],
    ['example.org', 'spiffe://EXAMPLE.org:80/a', true],
    ['example.org', 'spiffe://sub.example.org/a', false],
    ['.example.org', 'spiffe://sub.example.org/a', true],
    ['.example.org', 'spiffe://example.org/a', false],
    ['example.org', 'spiffe://notexample.org/a', false],
    ['example.org', 'spiffe://example.org@other.org/a', false],
    ['example.org', 'spiffe://10.0.0.1/a', false],
    ['example.org', 'urn:example.org', false],
    ['', 'spiffe://anything/a', true],
  ])('that permit %j: %s %s', (host, uri, isAllowed) => {
    expect(allows(constraints([['uri', host]]), { uris: [uri] })).toBe(isAllowed);
  });

  it.each([
    ['example.org', 'spiffe://example.org/a', false],
    ['example.org', 'spiffe://sub.example.org/a', false],
    ['.example.org', 'spiffe://example.org/a', true],
    ['example.org', 'spiffe://other.org/a', true],
    ['example.org', 'urn:other', false],
  ])('that exclude %j: %s %s', (host, uri, isAllowed) => {
    expect(allows(constraints([], [['uri', host]]), { uris: [uri] })).toBe(isAllowed);
  });

  it.each([
    ['example.org', 'www.example.org', true],
    ['example.org', 'example.org', true],
    ['example.org', 'wwwexample.org', false],
    ['.example.org', 'example.org', false],
  ])('that permit the domain %j: %s %s', (domain, name, isAllowed) => {
    expect(allows(constraints([['dns', domain]]), { dnsNames: [name] })).toBe(isAllowed);
  });

  it('that exclude one host exclude the wildcard that covers it', () => {
    expect(allows(constraints([], [['dns', 'www.example.org']]), { dnsNames: ['*.example.org'] })).toBe(false);
    expect(allows(constraints([['dns', 'www.example.org']]), { dnsNames: ['*.example.org'] })).toBe(false);
  });

  it.each([
    ['a@example.org', 'a@EXAMPLE.org', true],
    ['a@example.org', 'A@example.org', false],
    ['example.org', 'x@example.org', true],
    ['example.org', 'x@sub.example.org', false],
    ['.example.org', 'x@sub.example.org', true],
    ['example.org', 'nobody', false],
  ])('that permit the mailbox %j: %s %s', (mailbox, email, isAllowed) => {
    expect(allows(constraints([['email', mailbox]]), { emailAddresses: [email] })).toBe(isAllowed);
  });

  it('match addresses by mask', () => {
    const given = constraints([['ip', Uint8Array.of(10, 1, 0, 0, 255, 255, 0, 0)]]);
    expect(allows(given, { ipAddresses: [Uint8Array.of(10, 1, 2, 3)] })).toBe(true);
    expect(allows(given, { ipAddresses: [Uint8Array.of(10, 2, 2, 3)] })).toBe(false);
    expect(allows(given, { ipAddresses: [new Uint8Array(16)] })).toBe(false);
  });

  it('leave other kinds of names alone', () => {
    expect(allows(constraints([['dns', 'example.org']]), { uris: ['spiffe://x/y'] })).toBe(true);
  });

  it('say when they constrain a kind that is not looked at', () => {
    expect(constraints([['directory', '']]).hasUnknownKinds).toBe(true);
    expect(constraints([['uri', '']]).hasUnknownKinds).toBe(false);
  });

  it.each([
    ['nothing', () => parseNameConstraints(derSequence())],
    ['an address in place of a host', () => constraints([['uri', '10.0.0.1']])],
    ['an empty label', () => constraints([['dns', 'a..b']])],
    ['a mask with holes', () => constraints([['ip', Uint8Array.of(10, 0, 0, 0, 255, 0, 255, 0)]])],
    ['half an address', () => constraints([['ip', Uint8Array.of(10, 0)]])],
    ['a mailbox without a domain', () => constraints([['email', 'a@']])],
  ])('are refused with %s', (_, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'invalid-encoding' }));
  });
});
