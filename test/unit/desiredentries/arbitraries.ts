import fc from 'fast-check';
import { Entry } from '../../../src/lib/wire/gen/spire/api/types/entry.ts';

const id = (path: string) => ({ trustDomain: 'example.org', path });

/** A few paths, so that entries meet. */
const paths = fc.constantFrom('/a', '/b', '/c', '/d');
const parents = fc.constantFrom('/a', '/b', '/host', '/spire/server', '/spire/agent/join_token/x');
const selectors = fc.uniqueArray(
  fc.record({ type: fc.constantFrom('unix', 'k8s'), value: fc.constantFrom('uid:1', 'uid:2', 'ns:a') }),
  { minLength: 1, maxLength: 2, selector: ({ type, value }) => `${type}:${value}` },
);

/** Anything that a text may be, but for halves of characters. */
const texts = fc.string({ unit: 'grapheme', maxLength: 20 });

/** Entries that any server takes; few enough different ones that several mean the same. */
export const wiredEntries: fc.Arbitrary<Entry> = fc
  .record({
    spiffeId: paths.map(id),
    parentId: parents.map(id),
    selectors,
    x509SvidTtl: fc.constantFrom(0, 60, 2 ** 31 - 1),
    hint: fc.constantFrom('', 'h'),
    dnsNames: fc.constantFrom<string[][]>([], ['b', 'a'], ['a', 'b']),
    admin: fc.boolean(),
    additionalAttributes: fc.constantFrom(undefined, { disableX509SvidPrefetch: false, jwtSvidIncludeJti: true }),
  })
  .map((fields) => Entry.create(fields));

/** Entries with every field at its bounds. */
export const richEntries: fc.Arbitrary<Entry> = fc
  .record({
    id: fc.stringMatching(/^[A-Za-z0-9._-]{1,20}$/),
    spiffeId: paths.map(id),
    parentId: parents.map(id),
    selectors: fc.uniqueArray(
      fc.record({
        type: texts.filter((type) => type !== '' && !type.includes(':')),
        value: texts.filter((value) => value !== ''),
      }),
      { minLength: 1, maxLength: 3, selector: ({ type, value }) => `${type}:${value}` },
    ),
    x509SvidTtl: fc.nat({ max: 2 ** 31 - 1 }),
    jwtSvidTtl: fc.nat({ max: 2 ** 31 - 1 }),
    federatesWith: fc.uniqueArray(fc.constantFrom('far.example', 'near.example'), { maxLength: 2 }),
    admin: fc.boolean(),
    downstream: fc.boolean(),
    expiresAt: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
    dnsNames: fc.uniqueArray(fc.constantFrom('a', 'b.example', '*.c.example'), { maxLength: 3 }),
    hint: texts,
    additionalAttributes: fc.constantFrom(
      undefined,
      { disableX509SvidPrefetch: true, jwtSvidIncludeJti: false },
      { disableX509SvidPrefetch: true, jwtSvidIncludeJti: true },
    ),
  })
  .map((fields) => Entry.create(fields));
