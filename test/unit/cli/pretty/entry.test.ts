import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  entryTable,
  formatAccepted,
  formatDeleted,
  formatEntriesHead,
  formatEntry,
  formatEntryCount,
  formatNotDeleted,
  formatRefused,
} from '../../../../src/lib/cli/pretty/entry.ts';
import { Entry } from '../../../../src/lib/wire/gen/spire/api/types/entry.ts';

const web = Entry.create({
  id: 'web',
  spiffeId: { trustDomain: 'example.org', path: '/web' },
  parentId: { trustDomain: 'example.org', path: '/host' },
  selectors: [{ type: 'unix', value: 'uid:0' }],
});

const full = Entry.create({
  ...web,
  revisionNumber: 7n,
  downstream: true,
  x509SvidTtl: 120,
  jwtSvidTtl: 60,
  expiresAt: 1_700_000_000n,
  federatesWith: ['far.example'],
  dnsNames: ['db.local', 'db2.local'],
  admin: true,
  storeSvid: true,
  hint: 'internal',
  additionalAttributes: { disableX509SvidPrefetch: true, jwtSvidIncludeJti: true },
});

const ok = { code: 0, message: 'OK' };
const exists = { code: 6, message: 'similar "entry" already exists' };

describe('formatEntry', () => {
  it('shows an entry with nothing special in it', () => {
    expect(formatEntry(web)).toBe(
      [
        'Entry ID                : web',
        'SPIFFE ID               : spiffe://example.org/web',
        'Parent ID               : spiffe://example.org/host',
        'Revision                : 0',
        'X509-SVID TTL           : default',
        'JWT-SVID TTL            : default',
        'Selector                : unix:uid:0',
        '',
        '',
      ].join('\n'),
    );
  });

  it('shows every field of an entry that has them all', () => {
    expect(formatEntry(full)).toBe(
      [
        'Entry ID                : web',
        'SPIFFE ID               : spiffe://example.org/web',
        'Parent ID               : spiffe://example.org/host',
        'Revision                : 7',
        'Downstream              : true',
        'X509-SVID TTL           : 120',
        'JWT-SVID TTL            : 60',
        'Expiration time         : 2023-11-14 22:13:20 +0000 UTC',
        'Selector                : unix:uid:0',
        'FederatesWith           : far.example',
        'DNS name                : db.local',
        'DNS name                : db2.local',
        'Admin                   : true',
        'StoreSvid               : true',
        'Hint                    : internal',
        'DisableX509SvidPrefetch : true',
        'JwtSvidIncludeJti       : true',
        '',
        '',
      ].join('\n'),
    );
  });

  it('says "(none)" for an entry without an ID', () => {
    expect(formatEntry(Entry.create({}))).toContain('Entry ID                : (none)\nSPIFFE ID               : \n');
  });

  it('puts all labels in one column and ends with an empty line, whatever the entry', () => {
    const word = fc.stringMatching(/^[a-z:/.]*$/);
    const entry = fc.record({
      id: word,
      hint: word,
      admin: fc.boolean(),
      storeSvid: fc.boolean(),
      dnsNames: fc.array(word),
    });
    fc.assert(
      fc.property(entry, (fields) => {
        const lines = formatEntry(Entry.create(fields)).split('\n');
        expect(lines.slice(-2)).toEqual(['', '']);
        for (const line of lines.slice(0, -2)) expect(line.slice(24, 26)).toBe(': ');
      }),
    );
  });
});

describe('formatEntriesHead and formatEntryCount', () => {
  it('say how many there are', () => {
    expect([0, 1, 2].map(formatEntriesHead)).toEqual(['Found 0 entries\n', 'Found 1 entry\n', 'Found 2 entries\n']);
    expect([0, 1, 2].map(formatEntryCount)).toEqual([
      '0 registration entries\n',
      '1 registration entry\n',
      '2 registration entries\n',
    ]);
  });
});

describe('the outcome of a batch', () => {
  const results = [
    { status: ok, entry: web },
    { status: exists, entry: full },
  ];

  it('has accepted entries on one side and refused ones with the reason on the other', () => {
    expect(formatAccepted(results)).toBe(formatEntry(web));
    expect(formatRefused(results, 'create')).toBe(
      `Failed to create the following entry (code: AlreadyExists, msg: "similar \\"entry\\" already exists"):\n${formatEntry(full)}`,
    );
  });

  it('counts deletions', () => {
    const missing = { status: { code: 5, message: 'entry not found' }, id: 'b' };
    expect(formatDeleted([{ status: ok, id: 'a' }])).toBe(
      'Deleted entry with ID: a\n\n\nDeleted 1 entries successfully',
    );
    expect(formatDeleted([{ status: ok, id: 'a' }, missing])).toBe(
      'Deleted entry with ID: a\n\n\n\n\nDeleted 1 entries successfully, but failed to delete 1 entries',
    );
    expect(formatDeleted([missing])).toBe('\n\nFailed to delete 1 entries');
    expect(formatDeleted([])).toBe('Deleted 0 entries successfully');
    expect(formatNotDeleted([missing])).toBe(
      'Failed to delete entry with ID b (code: NotFound, msg: "entry not found")\n',
    );
  });
});

describe('entryTable', () => {
  it('has a row an entry and keeps the rare fields in one column', () => {
    const { head, rows } = entryTable([web, full]);
    expect(rows.map((row) => row.length)).toEqual([head.length, head.length]);
    expect(rows[0]).toEqual([
      'web',
      'spiffe://example.org/web',
      'spiffe://example.org/host',
      'unix:uid:0',
      'default',
      'default',
      '',
    ]);
    expect(rows[1]?.at(-1)).toContain('admin, downstream, stored by a plugin, hint internal');
  });
});
