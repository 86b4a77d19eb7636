import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ENTRY_MASK, entryFromWire } from '../../../../src/lib/agent/client/entry-from-wire.ts';
import { entryToWire } from '../../../../src/lib/wire/convert/entry.ts';
import { Entry } from '../../../../src/lib/wire/gen/spire/api/types/entry.ts';
import { entries } from '../../wire/convert/arbitraries.ts';

describe('an entry that the server sent to the agent', () => {
  it('is what the server has, in those fields that the agent asks for', () => {
    const served = entries.filter(({ id, selectors }) => id !== '' && selectors.length > 0);
    fc.assert(
      fc.property(served, (entry) => {
        const wire = Entry.decode(Entry.encode(entryToWire(entry, ENTRY_MASK)).finish());
        expect(entryFromWire(wire)).toEqual({
          id: entry.id,
          spiffeId: entry.spiffeId,
          selectors: entry.selectors,
          federatesWith: entry.federatesWith,
          admin: entry.admin,
          downstream: entry.downstream,
          revisionNumber: entry.revisionNumber,
          createdAtSeconds: BigInt(entry.createdAtSeconds),
          storeSvid: entry.storeSvid,
          hint: entry.hint,
          disableX509SvidPrefetch: entry.additionalAttributes?.disableX509SvidPrefetch ?? false,
          jwtSvidIncludeJti: entry.additionalAttributes?.jwtSvidIncludeJti ?? false,
        });
      }),
    );
  });

  const good = Entry.create({
    id: 'a',
    spiffeId: { trustDomain: 'example.org', path: '/w' },
    selectors: [{ type: 'unix', value: 'uid:0' }],
  });

  it.each<[string, Partial<Entry>, string]>([
    ['no id', { id: '' }, 'missing entry ID'],
    ['no selectors', { selectors: [] }, 'selector list is empty'],
    ['no SPIFFE ID', { spiffeId: undefined }, 'invalid SPIFFE ID: request must specify SPIFFE ID'],
    ['a broken trust domain', { federatesWith: ['A'] }, 'invalid federated trust domain: trust domain characters'],
  ])('is refused with %s', (_, change, message) => {
    expect(() => entryFromWire({ ...good, ...change })).toThrow(message);
  });
});
