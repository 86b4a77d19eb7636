import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { formatX509Svids } from '../../../src/lib/cli/pretty/x509-svid.ts';
import { readX509Response } from '../../../src/lib/cli/x509-response.ts';
import { privateKeyToPkcs8 } from '../../../src/lib/crypto/key.ts';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';
import type { X509SVIDResponse } from '../../../src/lib/wire/gen/workload.ts';
import { parseX509Context } from '../../../src/lib/workloadapi/x509-context.ts';
import { type Issued, issue, issueCa, NOW_MS } from '../crypto/test-ca.ts';

const ID = 'spiffe://example.org/web';

let ca: Issued;
let leaf: Issued;
beforeAll(async () => {
  ca = await issueCa({ uris: ['spiffe://example.org'] });
  leaf = await issue({ uris: [ID] }, ca);
});

function response(hints: readonly string[]): X509SVIDResponse {
  return {
    svids: hints.map((hint) => ({
      spiffeId: ID,
      x509Svid: leaf.certificate.der,
      x509SvidKey: privateKeyToPkcs8(leaf.key),
      bundle: ca.certificate.der,
      hint,
    })),
    crl: [],
    federatedBundles: { 'spiffe://far.example': ca.certificate.der },
  };
}

describe('what FetchX509SVID answers', () => {
  it('is read, verified and shown, whatever the hints and however many SVIDs', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 4 }), (hints) => {
        const svids = readX509Response(response(hints), { nowMs: NOW_MS });
        expect(svids.map(({ hint }) => hint)).toEqual(hints);
        const text = formatX509Svids(svids, '1ms');
        for (const hint of hints) expect(text).toContain(hint);
        expect(text.split(`SPIFFE ID:\t\t${ID}\n`).length - 1).toBe(hints.length);
        expect(parseX509Context(response(hints)).svids.map(({ id }) => id.toString())).toEqual(hints.map(() => ID));
      }),
      { numRuns: 30 },
    );
  });

  it('is refused when it goes by another ID than its certificate', () => {
    const given = response(['']);
    const [svid] = given.svids;
    if (svid === undefined) throw new Error('no SVID');
    svid.spiffeId = 'spiffe://example.org/admin';
    expect(() => readX509Response(given, { nowMs: NOW_MS })).toThrow(
      `"spiffe://example.org/admin" SVID failed verification against bundle: its certificate is of "${ID}"`,
    );
  });

  it('is refused with a code of ours when any of its bytes is another', () => {
    const fields = ['x509Svid', 'x509SvidKey', 'bundle'] as const;
    fc.assert(
      fc.property(fc.constantFrom(...fields), fc.nat(), fc.integer({ min: 1, max: 255 }), (field, at, change) => {
        const given = response(['']);
        const [svid] = given.svids;
        if (svid === undefined) throw new Error('no SVID');
        const bytes = Uint8Array.from(svid[field]);
        const index = at % bytes.length;
        bytes[index] = (bytes[index] ?? 0) ^ change;
        svid[field] = bytes;
        for (const read of [() => readX509Response(given, { nowMs: NOW_MS }), () => parseX509Context(given)]) {
          try {
            read();
          } catch (error) {
            expect(error).toBeInstanceOf(SpirekitError);
            expect(error).not.toMatchObject({ code: 'unknown' });
          }
        }
        // Every bit of a certificate is signed, or is the signature.
        if (field === 'x509Svid') expect(() => readX509Response(given, { nowMs: NOW_MS })).toThrow(SpirekitError);
      }),
      { numRuns: 200 },
    );
  });
});
