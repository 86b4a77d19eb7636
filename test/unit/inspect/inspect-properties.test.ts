import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bundleDiffJson,
  bundleInspectionJson,
  certificateJson,
  lifetimeJson,
  svidInspectionJson,
  svidVerificationJson,
} from '../../../src/lib/cli/inspect-json.ts';
import { formatBundleDiff, formatBundleInspections } from '../../../src/lib/cli/pretty/bundle-inspection.ts';
import { expiryJson, expiryTable, formatExpiry } from '../../../src/lib/cli/pretty/expiry.ts';
import { formatSvidInspections } from '../../../src/lib/cli/pretty/svid-inspection.ts';
import { formatSvidVerdicts } from '../../../src/lib/cli/pretty/svid-verification.ts';
import { diffBundles } from '../../../src/lib/inspect/bundle-diff.ts';
import { inspectBundle } from '../../../src/lib/inspect/bundle-inspection.ts';
import { viewCertificate } from '../../../src/lib/inspect/certificate-view.ts';
import type { Document } from '../../../src/lib/inspect/document.ts';
import { expiryOf } from '../../../src/lib/inspect/expiry.ts';
import { expiryJunitText, expiryMetricsText } from '../../../src/lib/inspect/expiry-reports.ts';
import { lifeInWords, lifePosition } from '../../../src/lib/inspect/lifetime.ts';
import { parseDocuments } from '../../../src/lib/inspect/parse-documents.ts';
import { parseRenewalThreshold, renewalState } from '../../../src/lib/inspect/renewal.ts';
import { parseSource } from '../../../src/lib/inspect/source.ts';
import { inspectSvid } from '../../../src/lib/inspect/svid-inspection.ts';
import { verifySvid } from '../../../src/lib/inspect/svid-verification.ts';
import { TrustedBundles } from '../../../src/lib/inspect/trusted-bundles.ts';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';
import { mutate, seededRandom } from '../../support/mutate.ts';
import { projectRoot } from '../../support/programs.ts';
import { checkShown, NOW_MS } from './show-anything.ts';

const folder = join(projectRoot, 'test/vectors');
const samples = globSync(['x509/*', 'jwt/*', 'bundles/*', '../golden/data/*.*'], { cwd: folder })
  .map((file) => readFileSync(join(folder, file)))
  .filter(({ length }) => length < 20_000);

/** A vector as it is or changed in places, or anything. */
const bytes: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) },
  { weight: 2, arbitrary: fc.constantFrom(...samples) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(...samples), fc.constantFrom(...samples), fc.nat())
      .map(([sample, other, seed]) => mutate(sample, { other }, seededRandom(seed))),
  },
);
const purpose = fc.constantFrom('svid', 'bundle', 'any' as const);

function show(documents: readonly Document[]): { text: string; json: string } {
  const svids = documents.flatMap((document) => (document.kind === 'bundle' ? [] : [inspectSvid(document, NOW_MS)]));
  const bundles = documents.flatMap((document) =>
    document.kind === 'bundle' || document.kind === 'unreadable' ? [inspectBundle(document, NOW_MS)] : [],
  );
  return {
    text: formatSvidInspections(svids, NOW_MS) + formatBundleInspections(bundles, NOW_MS),
    json: JSON.stringify([svidInspectionJson(svids, NOW_MS), bundleInspectionJson(bundles, NOW_MS)]),
  };
}

describe('anything that is looked at', () => {
  it('is shown without a control character, within bounds, or said to be unreadable', () => {
    fc.assert(
      fc.property(bytes, purpose, (input, wanted) => {
        const { documents } = parseDocuments('input\u001b[2J', input, { purpose: wanted as 'svid' | 'bundle' | 'any' });
        checkShown(show(documents));
        for (const document of documents) {
          if (document.kind === 'chain') {
            const [leaf] = document.certificates;
            if (leaf !== undefined) expect(certificateJson(viewCertificate(leaf))).toHaveProperty('sha256');
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('gets a verdict with a rule', async () => {
    const bundles = new TrustedBundles([]);
    await fc.assert(
      fc.asyncProperty(bytes, async (input) => {
        for (const document of parseDocuments('input', input, { purpose: 'svid' }).documents) {
          if (document.kind === 'bundle') throw new Error('a bundle in place of an SVID');
          const verdict = await verifySvid(document, { bundles, audience: ['reports'], nowMs: NOW_MS });
          // Nothing is trusted by no bundle.
          expect(verdict.isValid).toBe(false);
          expect(verdict.findings[0]?.rule).toMatch(/^[A-Z]{2}-\d\d /);
          const text = formatSvidVerdicts([verdict]);
          checkShown({ text, json: JSON.stringify(svidVerificationJson([verdict], NOW_MS)) });
        }
      }),
      { numRuns: 200 },
    );
  });

  it('that is a bundle is the same as itself, and what differs one way differs the other', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        const [first, second] = [a, b].map((input) =>
          parseDocuments('b', input, { purpose: 'bundle' }).documents.filter((document) => document.kind === 'bundle'),
        );
        if (first === undefined || second === undefined) throw new Error('no bundles');
        expect(diffBundles(first, first, NOW_MS)).toEqual([]);
        const there = diffBundles(first, second, NOW_MS);
        const back = diffBundles(second, first, NOW_MS);
        const count = (differences: typeof there, change: string) =>
          differences.flatMap(({ changes }) => changes).filter((each) => each.change === change).length;
        expect(count(there, 'added')).toBe(count(back, 'removed'));
        checkShown({ text: formatBundleDiff(there), json: JSON.stringify(bundleDiffJson(['a', 'b'], there, NOW_MS)) });
      }),
      { numRuns: 200 },
    );
  });
});

describe('a report of lives', () => {
  const name = fc.string({ unit: 'binary', maxLength: 30 });

  it('of anything, under any name, has lines of its form alone', () => {
    fc.assert(
      fc.property(bytes, name, (input, source) => {
        const { documents } = parseDocuments(source, input, { purpose: 'any' });
        const items = expiryOf(source, documents, { nowMs: NOW_MS, warnShare: 0.5 });
        const text = formatExpiry(items, NOW_MS);
        checkShown({ text, json: JSON.stringify(expiryJson(items, NOW_MS)) });
        expect(text.split('\n')).toHaveLength(items.length * 2 + 1);
        expect(expiryTable(items, NOW_MS).rows).toHaveLength(items.length);
        for (const line of expiryMetricsText(items, NOW_MS).split('\n')) {
          expect(line).toMatch(/^(?:|# .*|spirekit_expiry_\w+\{(?:\w+="(?:[^"\\\n]|\\["\\n])*",?)*\} -?[\d.e+-]+)$/);
        }
        const junit = expiryJunitText(items, NOW_MS);
        expect(junit).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
        expect(junit.match(/<testcase /g) ?? []).toHaveLength(items.length);
        expect(junit.isWellFormed()).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

describe('what is typed for a source', () => {
  it('is one of the kinds, or refused with a code of ours', () => {
    const word = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.stringMatching(/^(?:-|unix:|tcp:|workload:|server:|https:\/\/|\.\/|\/)?[a-z0-9.:/[\]-]{0,20}$/),
    );
    fc.assert(
      fc.property(word, (text) => {
        try {
          const source = parseSource(text);
          if (source.kind === 'tls') expect(source.port).toBeGreaterThan(0);
          if (source.kind === 'path') expect(source.path).toBe(text);
        } catch (error) {
          if (!(error instanceof SpirekitError) || error.code !== 'invalid-argument') throw error;
        }
      }),
    );
  });

  it.each([
    ['-', 'stdin'],
    ['./a:1', 'path'],
    ['a:1', 'tls'],
    ['[::1]:8443', 'tls'],
    ['a.pem', 'path'],
    ['unix:///x', 'workload-api'],
    ['workload:', 'workload-api'],
    ['server:/x', 'server'],
    ['https://h/x', 'https'],
  ])('%s is %s', (text, kind) => {
    expect(parseSource(text).kind).toBe(kind);
  });
});

describe('lives', () => {
  const life = fc.record({ notBeforeMs: fc.integer(), notAfterMs: fc.integer() });

  it('are told in words and in JSON that agree', () => {
    fc.assert(
      fc.property(life, fc.integer(), (lifetime, nowMs) => {
        const words = lifeInWords(lifetime, nowMs);
        const { state } = lifePosition(lifetime, nowMs);
        expect(words).toMatch(
          { expired: /expired|never/, valid: /expires in|never/, 'not-yet-valid': /not valid|never/ }[state],
        );
        expect(lifetimeJson(lifetime, nowMs)).toMatchObject({ state: state.replaceAll('-', '_') });
      }),
    );
  });

  it('are due by a share used or by a time left, and never before they are', () => {
    fc.assert(
      fc.property(life, fc.integer(), fc.integer({ min: 1, max: 100 }), (lifetime, nowMs, percent) => {
        const share = parseRenewalThreshold(`${percent}%`);
        const { state, usedShare } = lifePosition(lifetime, nowMs);
        const renewal = renewalState(lifetime, share, nowMs);
        expect(renewal === 'expired').toBe(state === 'expired');
        if (renewal === 'fresh') expect(usedShare).toBeLessThan(percent / 100);
      }),
    );
    for (const text of ['0%', '101%', '-5m', 'soon', '%', '']) expect(() => parseRenewalThreshold(text)).toThrow();
    const hour = { notBeforeMs: 0, notAfterMs: 3_600_000 };
    expect(renewalState(hour, parseRenewalThreshold('10m'), 3_000_000)).toBe('fresh');
    expect(renewalState(hour, parseRenewalThreshold('10m'), 3_000_001)).toBe('due');
  });
});
