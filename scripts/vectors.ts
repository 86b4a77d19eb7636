/**
 * `npm run vectors -- MANIFEST.json RESULTS.json` runs a set of conformance vectors through the library and writes the
 * verdicts: `{"<case id>": "valid" | "invalid"}`. Paths in the manifest are relative to its folder.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseManifest } from './vectors/manifest.ts';
import { runVector } from './vectors/run.ts';

const [manifestPath, resultsPath] = process.argv.slice(2);
if (manifestPath === undefined || resultsPath === undefined) {
  throw new Error('usage: npm run vectors -- MANIFEST.json RESULTS.json');
}

const cases = parseManifest(readFileSync(manifestPath, 'utf8'));
const results: Record<string, string> = {};
for (const vector of cases) {
  const verdict = await runVector(vector, dirname(manifestPath), { nowMs: Date.now() });
  if (verdict !== undefined) results[vector.id] = verdict.kind;
}
writeFileSync(resultsPath, `${JSON.stringify(results, null, 1)}\n`);
console.log(`${Object.keys(results).length} of ${cases.length} cases run`);
