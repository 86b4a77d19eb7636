import { bundleInspectionJson, svidInspectionJson } from '../../../src/lib/cli/inspect-json.ts';
import { formatBundleInspections } from '../../../src/lib/cli/pretty/bundle-inspection.ts';
import { formatSvidInspections } from '../../../src/lib/cli/pretty/svid-inspection.ts';
import { inspectBundle } from '../../../src/lib/inspect/bundle-inspection.ts';
import type { Purpose } from '../../../src/lib/inspect/document.ts';
import { matchKeys, parseDocuments } from '../../../src/lib/inspect/parse-documents.ts';
import { inspectSvid } from '../../../src/lib/inspect/svid-inspection.ts';

/** The moment at which everything is looked at. */
export const NOW_MS = Date.UTC(2026, 0, 1, 12);

/** What a file of these bytes is shown as, in text and in JSON. Throws only on a defect. */
export function showAnything(bytes: Uint8Array, purpose: Purpose): { text: string; json: string } {
  const { documents, privateKeys } = parseDocuments('input', bytes, { purpose });
  const texts: string[] = [];
  const jsons: string[] = [];
  for (const document of matchKeys(documents, privateKeys)) {
    if (document.kind !== 'bundle') {
      const inspections = [inspectSvid(document, NOW_MS)];
      texts.push(formatSvidInspections(inspections, NOW_MS));
      jsons.push(JSON.stringify(svidInspectionJson(inspections, NOW_MS)));
    }
    if (document.kind !== 'chain' && document.kind !== 'token') {
      const bundles = [inspectBundle(document, NOW_MS)];
      texts.push(formatBundleInspections(bundles, NOW_MS));
      jsons.push(JSON.stringify(bundleInspectionJson(bundles, NOW_MS)));
    }
  }
  return { text: texts.join(''), json: jsons.join('') };
}

/** Throws unless text is safe and bounded for a terminal, whatever it is about. */
export function checkShown({ text, json }: { text: string; json: string }): void {
  if (/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/.test(text)) {
    throw new Error('a control character reaches the terminal');
  }
  // Sixteen certificates of sixty names of two thousand characters, each perhaps escaped.
  if (text.length > 32 * 1024 * 1024 || json.length > 32 * 1024 * 1024) throw new Error('it floods the terminal');
}
