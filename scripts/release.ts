/**
 * `npm run release -- DIR` makes what a release consists of: the package, the list of its parts, what it was made from, and
 * their checksums. The same commit gives the same package, byte for byte. It publishes nothing.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { billOfMaterials } from './release/bill-of-materials.ts';
import { runTool } from './release/npm.ts';
import { provenanceOf, sha256 } from './release/provenance.ts';
import { packTarball } from './release/tarball.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('npm run release -- DIR: DIR is where the files of the release go');
  process.exit(2);
}
const changed = runTool('git', ['status', '--porcelain']).trim();
if (changed !== '') {
  console.error(`a release is made of what is committed; these files are not:\n${changed}`);
  process.exit(1);
}

const destination = resolve(folder);
mkdirSync(destination, { recursive: true });
const { filename, version } = packTarball(destination);
const path = (name: string): string => join(destination, name);
const bill = `spirekit-${version}.cdx.json`;
const provenance = `spirekit-${version}.provenance.json`;
writeFileSync(path(bill), `${JSON.stringify(billOfMaterials(), null, 2)}\n`);
writeFileSync(path(provenance), `${JSON.stringify(provenanceOf(path(filename), filename), null, 2)}\n`);
const sums = [filename, bill, provenance].map((name) => `${sha256(path(name))}  ${name}\n`);
writeFileSync(path('SHA256SUMS'), sums.join(''));
for (const name of [filename, bill, provenance, 'SHA256SUMS']) console.log(path(name));
