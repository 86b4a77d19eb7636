import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEntryData, parseEntryIds } from '../../../src/lib/cli/entry-data.ts';

const entries = (text: string) => parseEntryData(Buffer.from(text));
const one = (fields: string) => entries(`{"entries": [${fields}]}`);
const IDS = '"spiffe_id": "spiffe://example.org/web", "parent_id": "spiffe://example.org/host"';

describe('parseEntryData', () => {
  it('reads every field under its own name', () => {
    const [entry, ...others] = one(`{${IDS},
      "selectors": [{"type": "unix", "value": "uid:0"}, {"type": "unix", "value": "gid:0"}],
      "x509_svid_ttl": 60, "jwt_svid_ttl": 30, "federates_with": ["far.example", "spiffe://near.example"],
      "entry_id": "web", "admin": true, "downstream": true, "entryExpiry": 9223372036854775807,
      "dns_names": ["a", "b"], "revision_number": 4, "store_svid": true, "hint": "internal", "created_at": 5,
      "additional_attributes": {"disable_x509_svid_prefetch": true, "jwt_svid_include_jti": true}}`);
    expect(others).toEqual([]);
    expect(entry).toEqual({
      id: 'web',
      spiffeId: { trustDomain: 'example.org', path: '/web' },
      parentId: { trustDomain: 'example.org', path: '/host' },
      selectors: [
        { type: 'unix', value: 'uid:0' },
        { type: 'unix', value: 'gid:0' },
      ],
      x509SvidTtl: 60,
      jwtSvidTtl: 30,
      federatesWith: ['far.example', 'near.example'],
      admin: true,
      downstream: true,
      expiresAt: 9223372036854775807n,
      dnsNames: ['a', 'b'],
      revisionNumber: 4n,
      storeSvid: true,
      hint: 'internal',
      createdAt: 5n,
      additionalAttributes: { disableX509SvidPrefetch: true, jwtSvidIncludeJti: true },
    });
  });

  it('passes over unknown fields, takes names in any case, and leaves a field alone that is null', () => {
    const [entry] = entries(
      `{"more": [1], "ENTRIES": [{${IDS}, "Hint": "x", "hint": null, "comment": {"a": 1}, "admin": null}]}`,
    );
    expect(entry).toMatchObject({ hint: 'x', admin: false });
  });

  it('lets the last of several values with one name count', () => {
    expect(one(`{${IDS}, "hint": "a", "hint": "b"}`)[0]?.hint).toBe('b');
  });

  it('finds no entries where none are listed', () => {
    expect(entries('{}')).toEqual([]);
    expect(entries('{"entries": null}')).toEqual([]);
  });

  it.each([
    ['[]', 'json: cannot unmarshal array into Go value of type common.RegistrationEntries'],
    ['"x"', 'json: cannot unmarshal string into Go value of type common.RegistrationEntries'],
    [
      '{"entries": 5}',
      'json: cannot unmarshal number into Go struct field RegistrationEntries.entries of type []*common.RegistrationEntry',
    ],
    [
      '{"entries": [5]}',
      'json: cannot unmarshal number into Go struct field RegistrationEntries.entries of type common.RegistrationEntry',
    ],
    [
      '{"entries": [{"x509_svid_ttl": "5"}]}',
      'json: cannot unmarshal string into Go struct field RegistrationEntry.entries.x509_svid_ttl of type int32',
    ],
    [
      '{"entries": [{"x509_svid_ttl": 5000000000}]}',
      'json: cannot unmarshal number 5000000000 into Go struct field RegistrationEntry.entries.x509_svid_ttl of type int32',
    ],
    [
      '{"entries": [{"jwt_svid_ttl": 1e2}]}',
      'json: cannot unmarshal number 1e2 into Go struct field RegistrationEntry.entries.jwt_svid_ttl of type int32',
    ],
    [
      '{"entries": [{"entryExpiry": 9223372036854775808}]}',
      'json: cannot unmarshal number 9223372036854775808 into Go struct field RegistrationEntry.entries.entryExpiry of type int64',
    ],
    [
      '{"entries": [{"selectors": ["a:b"]}]}',
      'json: cannot unmarshal string into Go struct field RegistrationEntry.entries.selectors of type common.Selector',
    ],
    [
      '{"entries": [{"selectors": [{"type": 1}]}]}',
      'json: cannot unmarshal number into Go struct field Selector.entries.selectors.type of type string',
    ],
    [
      '{"entries": [{"additional_attributes": {"jwt_svid_include_jti": 1}}]}',
      'json: cannot unmarshal number into Go struct field RegistrationEntry_AdditionalAttributes.entries.additional_attributes.jwt_svid_include_jti of type bool',
    ],
    ['{"entries": [null]}', 'missing registration entry'],
    ['{"entries": [{}]}', 'invalid SPIFFE ID: cannot be empty'],
    ['{"entries": [{"spiffe_id": "spiffe://a/b"}]}', 'invalid parent ID: cannot be empty'],
  ])('refuses %s in the words of SPIRE', (text, message) => {
    expect(() => entries(text)).toThrow(expect.objectContaining({ message }));
  });

  it('names the first of several wrong values, before it looks at any ID', () => {
    expect(() => entries('{"entries": [{"hint": 1, "admin": 2}]}')).toThrow(
      /RegistrationEntry\.entries\.hint of type string/,
    );
  });

  it('gives back the selectors, names and lifetimes of any entry', () => {
    const text = fc.string({ unit: 'binary' }).map((value) => value.toWellFormed());
    const ttl = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    fc.assert(
      fc.property(
        fc.array(fc.record({ type: text, value: text })),
        fc.array(text),
        ttl,
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        (selectors, names, seconds, expiry) => {
          const fields = `${IDS}, "selectors": ${JSON.stringify(selectors)}, "dns_names": ${JSON.stringify(names)}`;
          const [entry] = one(`{${fields}, "x509_svid_ttl": ${seconds}, "entryExpiry": ${expiry}}`);
          expect(entry?.selectors).toEqual(selectors);
          expect(entry?.dnsNames).toEqual(names);
          // JSON knows a negative zero, whole numbers do not.
          expect(entry?.x509SvidTtl).toBe(seconds + 0);
          expect(entry?.expiresAt).toBe(expiry);
        },
      ),
    );
  });
});

describe('parseEntryIds', () => {
  it('reads the list of IDs', () => {
    expect(parseEntryIds(Buffer.from('{"IDs": ["a", null, "b"]}'))).toEqual(['a', '', 'b']);
    expect(parseEntryIds(Buffer.from('null'))).toEqual([]);
  });

  it.each([
    ['[]', 'json: cannot unmarshal array into Go value of type entryv1.BatchDeleteEntryRequest'],
    ['{"ids": 5}', 'json: cannot unmarshal number into Go struct field BatchDeleteEntryRequest.ids of type []string'],
    ['{"ids": [{}]}', 'json: cannot unmarshal object into Go struct field BatchDeleteEntryRequest.ids of type string'],
  ])('refuses %s in the words of SPIRE', (text, message) => {
    expect(() => parseEntryIds(Buffer.from(text))).toThrow(expect.objectContaining({ message }));
  });
});

describe('what is wrong with a file of entries', () => {
  const bad = '{"spiffe_id": "no id", "parent_id": "spiffe://a/b"}';
  const good = '{"spiffe_id": "spiffe://a/c", "parent_id": "spiffe://a/b"}';

  it.each([
    [`{"entries": [${bad}], "x": }`, "invalid character '}' looking for beginning of value"],
    [
      `{"entries": [${bad}, {"hint": 1}]}`,
      'json: cannot unmarshal number into Go struct field RegistrationEntry.entries.hint of type string',
    ],
    [`{"entries": [${good}, null]}`, 'missing registration entry'],
    [`{"entries": [${good}, ${bad}]}`, 'invalid SPIFFE ID: '],
  ])('is told as Go tells it, the text before its values: %s', (text, message) => {
    expect(() => parseEntryData(Buffer.from(text))).toThrow(message);
  });

  it('counts only in the list that comes last', () => {
    const read = (text: string) => parseEntryData(Buffer.from(text)).map(({ spiffeId }) => spiffeId?.path);
    expect(read(`{"entries": [${bad}], "Entries": [${good}]}`)).toEqual(['/c']);
    expect(read(`{"entries": [${good}], "entries": null}`)).toEqual([]);
    expect(read(`{"entries": null, "entries": [${good}]}`)).toEqual(['/c']);
    expect(read('null')).toEqual([]);
  });
});
