import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { fromWireBundle, parseBundleData } from '../../../src/lib/cli/bundle-data.ts';
import { parseEntryIds, readEntryData, readEntryIds } from '../../../src/lib/cli/entry-data.ts';
import { readInput, readInputFile, readInputStream } from '../../../src/lib/cli/input-file.ts';
import { formatBundle, formatBundleCount, formatListedBundle } from '../../../src/lib/cli/pretty/bundle.ts';
import { publicKeyDer } from '../../../src/lib/crypto/key.ts';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';
import { Bundle } from '../../../src/lib/wire/gen/spire/api/types/bundle.ts';
import { issueCa } from '../crypto/test-ca.ts';
import { spiffeIds, trustDomains } from '../wire/convert/arbitraries.ts';
import { captureIo } from './capture-io.ts';

const folder = mkdtempSync(join(tmpdir(), 'spirekit-input-'));
afterAll(() => rmSync(folder, { recursive: true }));

const roots = [(await issueCa()).certificate, (await issueCa()).certificate];
const publicKey = publicKeyDer(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey);
const text = fc.string({ unit: 'grapheme' });
const chunks = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 6 });

describe('input', () => {
  it('is the same from a file and from a stream, however it comes in pieces', async () => {
    await fc.assert(
      fc.asyncProperty(chunks, async (pieces) => {
        const whole = Buffer.concat(pieces);
        const path = join(folder, 'input');
        writeFileSync(path, whole);
        const stream = (): Readable => Readable.from(pieces.map((piece) => Buffer.from(piece)));
        expect(Buffer.from(await readInputFile(path))).toEqual(whole);
        expect(Buffer.from(await readInputStream(stream()))).toEqual(whole);
        expect(Buffer.from(await readInput('-', stream()))).toEqual(whole);
        const maxBytes = Math.max(0, whole.length - 1);
        const read = readInputStream(stream(), { maxBytes }).then(
          () => false,
          (error: unknown) => error instanceof SpirekitError && error.code === 'resource-exhausted',
        );
        expect(await read).toBe(whole.length > 0);
      }),
      { numRuns: 50 },
    );
  });

  it('of entries and of IDs is read from stdin as from its bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(text), spiffeIds, async (ids, id) => {
        const context = (json: unknown) => {
          const { io } = captureIo({ stdin: JSON.stringify(json) });
          return { program: 'spire-server', io, signal: new AbortController().signal } as const;
        };
        const wellFormed = ids.map((each) => each.toWellFormed());
        expect(parseEntryIds(Buffer.from(JSON.stringify({ ids })))).toEqual(wellFormed);
        expect(await readEntryIds('-', context({ ids }))).toEqual(wellFormed);
        const entries = [{ spiffe_id: id.toString(), parent_id: id.toString() }];
        const [entry] = await readEntryData('-', context({ entries }));
        expect(entry).toMatchObject({ spiffeId: { trustDomain: id.trustDomain.name, path: id.path } });
      }),
      { numRuns: 50 },
    );
  });
});

describe('a bundle', () => {
  const bundles = fc
    .record({
      trustDomain: trustDomains.map(({ name }) => name),
      picks: fc.uniqueArray(fc.nat(1), { maxLength: 2 }),
      keyIds: fc.uniqueArray(
        text.filter((id) => id !== ''),
        { maxLength: 3 },
      ),
      refreshHint: fc.bigInt({ min: 0n, max: 2n ** 62n }),
      sequenceNumber: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
    })
    .map(({ picks, keyIds, ...rest }) =>
      Bundle.create({
        ...rest,
        x509Authorities: picks.flatMap((pick) => (roots[pick] === undefined ? [] : [{ asn1: roots[pick].der }])),
        jwtAuthorities: keyIds.map((keyId) => ({ keyId: keyId.toWellFormed(), publicKey })),
      }),
    );

  it('is read back from what is shown of it', () => {
    fc.assert(
      fc.property(bundles, (bundle) => {
        const document = formatBundle(bundle, 'spiffe');
        const again = parseBundleData(Buffer.from(document), 'spiffe', bundle.trustDomain);
        expect(formatBundle(again, 'spiffe')).toBe(document);
        expect([...fromWireBundle(again).jwtAuthorities.keys()]).toEqual(
          bundle.jwtAuthorities.map(({ keyId }) => keyId),
        );
        const pem = formatBundle(bundle, 'pem');
        if (bundle.x509Authorities.length > 0) {
          const read = parseBundleData(Buffer.from(pem), 'pem', bundle.trustDomain);
          expect(read.x509Authorities.map(({ asn1 }) => Buffer.from(asn1))).toEqual(
            bundle.x509Authorities.map(({ asn1 }) => Buffer.from(asn1)),
          );
        }
        expect(formatListedBundle(bundle, 'pem', 1).split(`* ${bundle.trustDomain}\n`)).toHaveLength(2);
      }),
    );
  });

  it('is refused with a code for any other bytes, and counted in words', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.nat(), (bytes, count) => {
        for (const format of ['pem', 'spiffe'] as const) {
          expect(() => parseBundleData(bytes, format, 'example.org')).toThrow(SpirekitError);
        }
        expect(formatBundleCount(count)).toBe(`${count} ${count === 1 ? 'bundle' : 'bundles'}\n`);
      }),
    );
  });
});
