import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatBundleContent, parseBundleContent } from '../../../../../src/lib/server/datastore/sql/bundle-row.ts';
import { fromEntryRow, similarityOf, toEntryRow } from '../../../../../src/lib/server/datastore/sql/entry-row.ts';
import { readJson, readRow, readTextList } from '../../../../../src/lib/server/datastore/sql/json-column.ts';
import { fromNodeRow, toNodeRow } from '../../../../../src/lib/server/datastore/sql/node-row.ts';
import type { AttestedNode } from '../../../../../src/lib/spiffe/attested-node.ts';
import type { AuthorityBundle, KeyAuthority } from '../../../../../src/lib/spiffe/authority-bundle.ts';
import type { RegistrationEntry } from '../../../../../src/lib/spiffe/registration-entry.ts';
import { SpiffeId } from '../../../../../src/lib/spiffe/spiffe-id.ts';
import { TrustDomain } from '../../../../../src/lib/spiffe/trust-domain.ts';

const text = fc.string({ unit: 'grapheme', minLength: 1 });
const trustDomain = fc.stringMatching(/^[a-z0-9._-]{1,20}$/).map(TrustDomain.parse);
const segment = fc.stringMatching(/^[A-Za-z0-9_-]{1,10}$/);
const spiffeId = fc
  .tuple(trustDomain, fc.array(segment, { minLength: 1, maxLength: 3 }))
  .map(([td, segments]) => SpiffeId.fromSegments(td, ...segments));
const selector = fc.record({ type: text.filter((type) => !type.includes(':')), value: text });
const seconds = fc.maxSafeNat();

const ENTRY_KEYS = [
  'id',
  'spiffeId',
  'parentId',
  'selectors',
  'x509SvidTtlSeconds',
  'jwtSvidTtlSeconds',
  'federatesWith',
  'admin',
  'downstream',
  'expiresAtSeconds',
  'dnsNames',
  'revisionNumber',
  'storeSvid',
  'hint',
  'createdAtSeconds',
] as const;

const entry: fc.Arbitrary<RegistrationEntry> = fc.record(
  {
    id: text,
    spiffeId,
    parentId: spiffeId,
    selectors: fc.array(selector),
    x509SvidTtlSeconds: fc.nat(),
    jwtSvidTtlSeconds: fc.nat(),
    federatesWith: fc.array(trustDomain),
    admin: fc.boolean(),
    downstream: fc.boolean(),
    expiresAtSeconds: seconds,
    dnsNames: fc.array(text),
    revisionNumber: seconds.map(BigInt),
    storeSvid: fc.boolean(),
    hint: fc.string({ unit: 'grapheme' }),
    createdAtSeconds: seconds,
    additionalAttributes: fc.record({ disableX509SvidPrefetch: fc.boolean(), jwtSvidIncludeJti: fc.boolean() }),
  },
  { requiredKeys: [...ENTRY_KEYS] },
);

const node: fc.Arbitrary<AttestedNode> = fc.record({
  spiffeId,
  attestationType: text,
  serialNumber: fc.stringMatching(/^[0-9]{0,40}$/),
  expiresAtSeconds: seconds,
  newSerialNumber: fc.stringMatching(/^[0-9]{0,40}$/),
  newExpiresAtSeconds: seconds,
  canReattest: fc.boolean(),
  agentVersion: fc.string(),
  selectors: fc.array(selector),
});

const key: fc.Arbitrary<KeyAuthority> = fc.record({
  keyId: text,
  publicKey: fc.uint8Array(),
  expiresAtSeconds: seconds,
  tainted: fc.boolean(),
});
const bundle: fc.Arbitrary<AuthorityBundle> = fc.record({
  trustDomain,
  x509Authorities: fc.array(fc.record({ certificate: fc.uint8Array(), tainted: fc.boolean() })),
  jwtAuthorities: fc.array(key),
  witAuthorities: fc.array(key),
  refreshHintSeconds: seconds,
  sequenceNumber: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
});

describe('rows', () => {
  test('an entry comes back from its row', () => {
    fc.assert(
      fc.property(entry, (value) => {
        expect(fromEntryRow({ id: 1, ...toEntryRow(value) })).toEqual(value);
      }),
    );
  });

  test('a node comes back from its row', () => {
    fc.assert(
      fc.property(node, (value) => {
        expect(fromNodeRow({ id: 1, ...toNodeRow(value) })).toEqual(value);
      }),
    );
  });

  test('a bundle comes back from its content', () => {
    fc.assert(
      fc.property(bundle, (value) => {
        expect(parseBundleContent(value.trustDomain.name, formatBundleContent(value))).toEqual(value);
      }),
    );
  });

  test.each([
    '',
    'x',
    '{}',
    '[]',
    'null',
    '{"x509":[],"jwt":[{}],"wit":[],"refreshHintSeconds":0,"sequenceNumber":"1"}',
  ])('damaged content %j is told as data loss', (content) => {
    expect(() => parseBundleContent('example.org', content)).toThrow(expect.objectContaining({ code: 'data-loss' }));
  });

  test('similarity is blind to the order and repetition of selectors and to nothing else of what makes entries similar', () => {
    fc.assert(
      fc.property(entry, entry, (a, b) => {
        const shuffled = { ...a, selectors: [...a.selectors].reverse().concat(a.selectors) };
        expect(similarityOf(shuffled)).toBe(similarityOf(a));
        const setOf = (value: RegistrationEntry): string =>
          JSON.stringify([
            String(value.spiffeId),
            String(value.parentId),
            [...new Set(value.selectors.map((each) => `${each.type}:${each.value}`))].sort(),
          ]);
        expect(similarityOf(a) === similarityOf(b)).toBe(setOf(a) === setOf(b));
      }),
    );
  });

  test('what no row of ours can hold is told as data loss, in whichever column it stands', () => {
    const bad = fc.constantFrom(
      { spiffe_id: 'https://example.org' },
      { parent_id: '' },
      { selectors: '["none"]' },
      { selectors: '[1]' },
      { federates_with: '["UPPER"]' },
      { dns_names: '{}' },
      { revision_number: 1.5 },
    );
    const lost = expect.objectContaining({ code: 'data-loss' });
    fc.assert(
      fc.property(entry, node, bad, (value, agent, column) => {
        expect(() => fromEntryRow({ id: 1, ...toEntryRow(value), ...column })).toThrow(lost);
        expect(() => fromNodeRow({ id: 1, ...toNodeRow(agent), spiffe_id: 'x' })).toThrow(lost);
        expect(() => fromNodeRow({ id: 1, ...toNodeRow(agent), selectors: 'x' })).toThrow(lost);
        expect(() => parseBundleContent('not a name', '{"x509":[],"jwt":[],"wit":[]}')).toThrow(lost);
      }),
    );
  });

  test('a column of JSON is read as it was written, and other text is data loss', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.string(), fc.jsonValue(), (list, text, value) => {
        expect(readTextList(JSON.stringify(list))).toEqual(list);
        expect(readJson(JSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(value)));
        const isList = Array.isArray(value) && value.every((item) => typeof item === 'string');
        if (!isList)
          expect(() => readTextList(JSON.stringify(value))).toThrow(expect.objectContaining({ code: 'data-loss' }));
        expect(() => readJson(`{${text}`)).toThrow(expect.objectContaining({ code: 'data-loss' }));
        expect(() => readRow(() => readTextList('0'))).toThrow(expect.objectContaining({ code: 'data-loss' }));
      }),
    );
  });
});
