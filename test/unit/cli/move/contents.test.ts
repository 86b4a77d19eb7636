import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareContents } from '../../../../src/lib/cli/move/compare-contents.ts';
import { formatContents, parseContents } from '../../../../src/lib/cli/move/contents-file.ts';
import { type MoveReport, moveContents } from '../../../../src/lib/cli/move/move-contents.ts';
import type { ServerContents } from '../../../../src/lib/cli/move/server-contents.ts';
import { formatMoveReport, moveReportJson } from '../../../../src/lib/cli/pretty/move-report.ts';
import { jsonText } from '../../../../src/lib/cli/protojson.ts';
import { RpcClient } from '../../../../src/lib/rpc/client.ts';
import { SpirekitError } from '../../../../src/lib/runtime/errors.ts';
import { Bundle } from '../../../../src/lib/wire/gen/spire/api/types/bundle.ts';
import { Entry } from '../../../../src/lib/wire/gen/spire/api/types/entry.ts';
import { FederationRelationship } from '../../../../src/lib/wire/gen/spire/api/types/federationrelationship.ts';
import { ForeignAuthority } from '../../../support/authorization/foreign-authority.ts';
import { selectors, spiffeIds, trustDomains } from '../../wire/convert/arbitraries.ts';

const root = (await ForeignAuthority.make('far.example')).certificate.der;
const text = fc.string({ unit: 'grapheme' });
const names = trustDomains.map(({ name }) => name);
const wireIds = spiffeIds.map(({ trustDomain, path }) => ({ trustDomain: trustDomain.name, path }));

const entries = fc
  .record({
    id: fc.uuid(),
    spiffeId: wireIds,
    parentId: wireIds,
    selectors: fc.array(selectors, { minLength: 1, maxLength: 3 }),
    x509SvidTtl: fc.nat(2 ** 31 - 1),
    jwtSvidTtl: fc.nat(2 ** 31 - 1),
    federatesWith: fc.array(names, { maxLength: 2 }),
    admin: fc.boolean(),
    downstream: fc.boolean(),
    expiresAt: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    dnsNames: fc.array(text, { maxLength: 2 }),
    storeSvid: fc.boolean(),
    hint: text,
    additionalAttributes: fc.option(
      fc.record({ disableX509SvidPrefetch: fc.boolean(), jwtSvidIncludeJti: fc.boolean() }),
      { nil: undefined },
    ),
  })
  .map((fields) => Entry.create(fields));

const bundles = fc
  .record({
    trustDomain: names,
    hasRoot: fc.boolean(),
    refreshHint: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
    sequenceNumber: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  })
  .map(({ hasRoot, ...fields }) =>
    Bundle.create({ ...fields, x509Authorities: hasRoot ? [{ asn1: root, tainted: false }] : [] }),
  );

const relationships = fc
  .record({
    trustDomain: names,
    bundleEndpointUrl: names.map((name) => `https://${name}/bundle`),
    bundleEndpointProfile: fc.oneof(
      fc.constant({ $case: 'httpsWeb' as const, value: {} }),
      spiffeIds.map((id) => ({ $case: 'httpsSpiffe' as const, value: { endpointSpiffeId: id.toString() } })),
    ),
  })
  .map((fields) => FederationRelationship.create(fields));

const contents: fc.Arbitrary<ServerContents> = fc.record({
  trustDomain: fc.constant('example.org'),
  bundles: fc.uniqueArray(bundles, { maxLength: 3, selector: ({ trustDomain }) => trustDomain }),
  relationships: fc.uniqueArray(relationships, { maxLength: 3, selector: ({ trustDomain }) => trustDomain }),
  entries: fc.uniqueArray(entries, { maxLength: 4, selector: ({ id }) => id }),
});

const EMPTY: ServerContents = { trustDomain: 'example.org', bundles: [], relationships: [], entries: [] };

describe('what a server holds', () => {
  it('is read from a file as it was written to it', () => {
    fc.assert(
      fc.property(contents, (each) => {
        const read = parseContents(Buffer.from(formatContents(each)));
        expect(read.trustDomain).toBe(each.trustDomain);
        expect(read.relationships).toEqual(each.relationships);
        expect(read.entries).toEqual(each.entries);
        expect(read.bundles.map(({ trustDomain }) => trustDomain)).toEqual(
          each.bundles.map(({ trustDomain }) => trustDomain),
        );
        expect(compareContents(each, read)).toMatchObject({ missing: { bundles: [], relationships: [], entries: [] } });
        expect(compareContents(each, read).present.every(({ outcome }) => outcome === 'same')).toBe(true);
      }),
    );
  });

  it('is refused with a code where it is no such file', () => {
    fc.assert(
      fc.property(fc.oneof(text, fc.json()), (each) => {
        let error: unknown;
        try {
          parseContents(Buffer.from(each));
        } catch (caught) {
          error = caught;
        }
        expect(error).toBeInstanceOf(SpirekitError);
        expect(SpirekitError.from(error).code).not.toBe('unknown');
      }),
    );
  });

  it('lacks in an empty server everything, and in itself nothing', () => {
    fc.assert(
      fc.property(contents, (each) => {
        const { trustDomain: _, ...all } = each;
        expect(compareContents(each, EMPTY)).toEqual({ missing: all, present: [] });
        expect(compareContents(each, each).missing).toEqual({ bundles: [], relationships: [], entries: [] });
        expect(compareContents(EMPTY, each)).toEqual({
          missing: { bundles: [], relationships: [], entries: [] },
          present: [],
        });
      }),
    );
  });

  it('is found again under another entry ID, with its lists in another order', () => {
    const one = Entry.create({
      id: 'a',
      spiffeId: { trustDomain: 'example.org', path: '/x' },
      selectors: [
        { type: 'a', value: '1' },
        { type: 'b', value: '2' },
      ],
    });
    const other = { ...one, id: 'b', selectors: [...one.selectors].reverse(), revisionNumber: 7n, createdAt: 9n };
    const compared = compareContents({ ...EMPTY, entries: [one] }, { ...EMPTY, entries: [other] });
    expect(compared.present).toEqual([{ kind: 'entry', name: 'a (spiffe://example.org/x)', outcome: 'same' }]);
    const changed = compareContents(
      { ...EMPTY, entries: [one] },
      { ...EMPTY, entries: [{ ...other, hint: 'h', admin: true }] },
    );
    expect(changed.present).toMatchObject([{ outcome: 'differs', reason: 'the target has another admin flag, hint' }]);
  });

  it('is reported on with every item counted, whatever became of it', async () => {
    await fc.assert(
      fc.asyncProperty(contents, contents, async (source, target) => {
        await using nobody = new RpcClient({ kind: 'unix', path: '/absent.sock' });
        const report: MoveReport = await moveContents(source, target, nobody, { dryRun: true });
        expect(report.items).toHaveLength(source.bundles.length + source.relationships.length + source.entries.length);
        const lines = formatMoveReport(report).split('\n');
        expect(lines[0]).toBe('Trust domain example.org, nothing was changed (-dryRun)');
        const json = moveReportJson(report);
        expect(JSON.parse(jsonText(json))).toEqual(JSON.parse(JSON.stringify(json)));
      }),
      { numRuns: 50 },
    );
  });
});
