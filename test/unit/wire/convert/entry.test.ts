import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TrustDomain } from '../../../../src/lib/spiffe/trust-domain.ts';
import {
  entryFieldsOfMask,
  entryFromWire,
  entryToWire,
  requestedEntryFromWire,
} from '../../../../src/lib/wire/convert/entry.ts';
import { ALL_ENTRY_FIELDS } from '../../../../src/lib/wire/convert/masks.ts';
import { Entry, EntryMask } from '../../../../src/lib/wire/gen/spire/api/types/entry.ts';
import { entries } from './arbitraries.ts';

const domain = TrustDomain.parse('example.org');
const id = (path: string, trustDomain = 'example.org') => ({ trustDomain, path });
const good = Entry.create({
  spiffeId: id('/workload'),
  parentId: id('/spire/agent/x'),
  selectors: [{ type: 'unix', value: 'uid:0' }],
});

describe('entries', () => {
  it('come back from the wire as they were', () => {
    fc.assert(
      fc.property(entries, (entry) => {
        expect(entryFromWire(Entry.decode(Entry.encode(entryToWire(entry)).finish()))).toEqual(entry);
      }),
    );
  });

  it('keep their id and the fields of the mask, and nothing else', () => {
    const masks = fc.record(Object.fromEntries(Object.keys(ALL_ENTRY_FIELDS).map((name) => [name, fc.boolean()])));
    fc.assert(
      fc.property(entries, masks, (entry, some) => {
        const mask = EntryMask.create(some);
        const whole = entryToWire(entry);
        const empty = Entry.create({ id: entry.id });
        const expected = { ...empty };
        for (const name of Object.keys(ALL_ENTRY_FIELDS)) {
          if (Reflect.get(mask, name) === true) Reflect.set(expected, name, Reflect.get(whole, name));
        }
        expect(entryToWire(entry, mask)).toEqual(expected);
      }),
    );
  });

  it.each<[string, Partial<Entry>, string]>([
    ['no SPIFFE ID', { spiffeId: undefined }, 'invalid SPIFFE ID: request must specify SPIFFE ID'],
    ['a broken parent ID', { parentId: id('/') }, 'invalid parent ID: path cannot have a trailing slash'],
    ['a selector without value', { selectors: [{ type: 'a', value: '' }] }, 'missing selector value'],
    ['a broken trust domain', { federatesWith: ['A'] }, 'invalid federated trust domain: trust domain characters'],
    ['a time that no number holds', { expiresAt: 1n << 60n }, 'invalid expiry time: time out of range'],
  ])('are refused with %s', (_, change, message) => {
    expect(() => entryFromWire({ ...good, ...change })).toThrow(message);
  });
});

describe('requested entries', () => {
  it('take what a server may register', () => {
    const { entry, fields } = requestedEntryFromWire(domain, { ...good, revisionNumber: 7n, createdAt: 8n });
    expect(fields).toBeUndefined();
    expect(entry).toMatchObject({ revisionNumber: 0n, createdAtSeconds: 0, selectors: good.selectors });
    expect(String(entry.spiffeId)).toBe('spiffe://example.org/workload');
  });

  it.each<[Partial<Entry>, string]>([
    [{ parentId: undefined }, 'invalid parent ID: request must specify SPIFFE ID'],
    [
      { parentId: id('/x', 'other.org') },
      'invalid parent ID: "spiffe://other.org/x" is not a member of trust domain "example.org"',
    ],
    [
      { parentId: id('') },
      'invalid parent ID: "spiffe://example.org" is not a member of trust domain "example.org"; path is empty',
    ],
    [
      { spiffeId: id('') },
      'invalid spiffe ID: "spiffe://example.org" is not a workload in trust domain "example.org"; path is empty',
    ],
    [
      { spiffeId: id('/spire/agent/x') },
      'invalid spiffe ID: "spiffe://example.org/spire/agent/x" is not a workload in trust domain "example.org"; path is in the reserved namespace',
    ],
    [{ dnsNames: ['a', 'a..b'] }, 'invalid DNS name: idna error\nidna: invalid label "a..b"'],
    [{ federatesWith: [''] }, 'invalid federated trust domain: trust domain is missing'],
    [{ selectors: [] }, 'selector list is empty'],
    [{ selectors: [{ type: 'a:b', value: 'c' }] }, "selector type contains ':'"],
    [{ hint: 'ü'.repeat(513) }, 'hint is too long, max length is 1024 characters'],
  ])('are refused in the words of SPIRE: %o', (change, message) => {
    expect(() => requestedEntryFromWire(domain, { ...good, ...change })).toThrow(
      expect.objectContaining({ message, code: expect.stringMatching(/^invalid-(argument|selector)$/) }),
    );
  });

  it('are not looked at outside the mask', () => {
    const broken = Entry.create({ id: 'x', hint: 'h', spiffeId: id('no slash'), federatesWith: ['A'], expiresAt: 5n });
    const mask = EntryMask.create({ hint: true, createdAt: true, revisionNumber: true });
    const { entry, fields } = requestedEntryFromWire(domain, broken, mask);
    expect([...(fields ?? [])]).toEqual(['hint']);
    expect(entry).toMatchObject({ id: 'x', hint: 'h', expiresAtSeconds: 0, federatesWith: [], selectors: [] });
  });
});

describe('entryFieldsOfMask', () => {
  it('names all fields but those that the server sets', () => {
    expect([...entryFieldsOfMask(ALL_ENTRY_FIELDS)]).toHaveLength(Object.keys(ALL_ENTRY_FIELDS).length - 2);
    expect([...entryFieldsOfMask(EntryMask.create())]).toEqual([]);
  });
});
