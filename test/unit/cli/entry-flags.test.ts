import { describe, expect, it } from 'vitest';
import {
  changedEntry,
  createEntryFlags,
  keepAttributes,
  newEntry,
  updateEntryFlags,
} from '../../../src/lib/cli/entry-flags.ts';
import { GoFlagSet } from '../../../src/lib/cli/go-flags.ts';
import { Entry } from '../../../src/lib/wire/gen/spire/api/types/entry.ts';

const create = (...argv: string[]) =>
  newEntry(new GoFlagSet('entry create', createEntryFlags, 'spire-server').parse(argv).values);
const update = (...argv: string[]) =>
  changedEntry(new GoFlagSet('entry update', updateEntryFlags, 'spire-server').parse(argv).values);

const SPIFFE_ID = ['-spiffeID', 'spiffe://example.org/web'];
const PARENT_ID = ['-parentID', 'spiffe://example.org/host'];
const SELECTOR = ['-selector', 'unix:uid:0'];

describe('newEntry', () => {
  it('takes every flag', () => {
    const entry = create(
      ...[...SPIFFE_ID, ...PARENT_ID, ...SELECTOR, '-selector', 'k8s:ns:a:b', '-entryID', 'web', '-x509SVIDTTL', '60'],
      ...[
        '-jwtSVIDTTL',
        '30',
        '-federatesWith',
        'far.example',
        '-admin',
        '-downstream',
        '-storeSVID',
        '-entryExpiry',
        '99',
      ],
      ...['-dns', 'a', '-dns', 'b', '-hint', 'x', '-jwtSVIDIncludeJTI'],
    );
    expect(entry).toEqual({
      id: 'web',
      spiffeId: { trustDomain: 'example.org', path: '/web' },
      parentId: { trustDomain: 'example.org', path: '/host' },
      selectors: [
        { type: 'unix', value: 'uid:0' },
        { type: 'k8s', value: 'ns:a:b' },
      ],
      x509SvidTtl: 60,
      jwtSvidTtl: 30,
      federatesWith: ['far.example'],
      admin: true,
      downstream: true,
      storeSvid: true,
      expiresAt: 99n,
      dnsNames: ['a', 'b'],
      hint: 'x',
      revisionNumber: 0n,
      createdAt: 0n,
      additionalAttributes: { disableX509SvidPrefetch: false, jwtSvidIncludeJti: true },
    });
  });

  it('makes the server the parent of an entry for nodes', () => {
    const entry = create('-node', ...SPIFFE_ID, ...SELECTOR);
    expect(entry.parentId).toEqual({ trustDomain: 'example.org', path: '/spire/server' });
    expect(entry.additionalAttributes).toBeUndefined();
  });

  it.each<[string[], string]>([
    [[], 'at least one selector is required'],
    [['-node', ...SELECTOR, '-federatesWith', 'far.example'], 'node entries can not federate'],
    [SELECTOR, 'a parent ID is required if the node flag is not set'],
    [[...SELECTOR, ...PARENT_ID], 'a SPIFFE ID is required'],
    [[...SELECTOR, ...PARENT_ID, ...SPIFFE_ID, '-x509SVIDTTL', '-1'], 'a positive x509-SVID TTL is required'],
    [[...SELECTOR, ...PARENT_ID, ...SPIFFE_ID, '-jwtSVIDTTL', '-1'], 'a positive JWT-SVID TTL is required'],
    [
      [...SELECTOR, ...PARENT_ID, ...SPIFFE_ID, '-x509SVIDTTL', '2147483648'],
      'invalid value for X509 SVID TTL: overflow converting int(2147483648) to int32',
    ],
    [[...SELECTOR, ...PARENT_ID, '-spiffeID', 'web'], 'scheme is missing or invalid'],
    [['-selector', 'bad', ...PARENT_ID, ...SPIFFE_ID], 'selector "bad" must be formatted as type:value'],
  ])('refuses %j in the words of SPIRE', (argv, message) => {
    expect(() => create(...argv)).toThrow(expect.objectContaining({ message }));
  });
});

describe('changedEntry', () => {
  it.each<[string[], string]>([
    [SELECTOR, 'entry ID is required'],
    [['-entryID', 'web'], 'at least one selector is required'],
    [['-entryID', 'web', ...SELECTOR], 'a parent ID is required'],
    [['-entryID', 'web', ...SELECTOR, ...PARENT_ID], 'a SPIFFE ID is required'],
  ])('refuses %j in the words of SPIRE', (argv, message) => {
    expect(() => update(...argv)).toThrow(expect.objectContaining({ message }));
  });

  it('takes any text for its two attributes as yes, as SPIRE does', () => {
    const argv = ['-entryID', 'web', ...SELECTOR, ...PARENT_ID, ...SPIFFE_ID];
    expect(update(...argv).additionalAttributes).toBeUndefined();
    expect(update(...argv, '-disableX509SVIDPrefetch=false').additionalAttributes).toEqual({
      disableX509SvidPrefetch: true,
      jwtSvidIncludeJti: false,
    });
  });
});

describe('keepAttributes', () => {
  const wanted = Entry.create({ additionalAttributes: { jwtSvidIncludeJti: true } });

  it('takes over the attribute that no flag set', () => {
    const existing = Entry.create({ additionalAttributes: { disableX509SvidPrefetch: true } });
    const both = { disableX509SvidPrefetch: true, jwtSvidIncludeJti: true };
    expect(keepAttributes(wanted, existing).additionalAttributes).toEqual(both);
  });

  it('leaves an attribute out that neither has', () => {
    const one = { disableX509SvidPrefetch: false, jwtSvidIncludeJti: true };
    expect(keepAttributes(wanted, Entry.create({})).additionalAttributes).toEqual(one);
  });
});
