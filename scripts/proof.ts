/**
 * `npm run proof` lists the proofs; `npm run proof -- NAME` runs one. A proof prints what it does as it goes and its
 * figure on the last line, and exits 1 when the figure is not the one that is claimed. `npm run proof -- --short` runs
 * every proof that has a short form in that form, and exits 1 when one of them is not shown.
 */
import { globSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { NODE_VARIABLES } from '../src/lib/cli/outer-environment.ts';
import { type Proof, SHORT } from './proofs/proof.ts';
import { type NamedProof, showShortForms } from './proofs/short-forms.ts';

const folder = join(dirname(fileURLToPath(import.meta.url)), 'proofs');
const names = globSync('*.proof.ts', { cwd: folder })
  .map((file) => basename(file, '.proof.ts'))
  .sort();

async function load(name: string): Promise<NamedProof> {
  const module: { proof: Proof } = await import(pathToFileURL(join(folder, `${name}.proof.ts`)).href);
  return { name, proof: module.proof };
}

async function loadAll(): Promise<NamedProof[]> {
  const proofs: NamedProof[] = [];
  for (const name of names) proofs.push(await load(name));
  return proofs;
}

async function list(): Promise<void> {
  console.log('npm run proof -- NAME\n');
  for (const { name, proof } of await loadAll()) {
    const short = proof.hasShortForm ? ` (${SHORT})` : '';
    console.log(`  ${name.padEnd(16)} ${proof.shows}${short}`);
  }
}

async function show(name: string, args: readonly string[]): Promise<boolean> {
  if (!names.includes(name)) {
    console.error(`no proof is called ${name}: npm run proof lists them`);
    return false;
  }
  const { proof } = await load(name);
  const result = await proof.run(args);
  console.log(`${result.verdict}: ${name}: ${result.figure}`);
  return result.verdict === 'shown';
}

// As in the tests: what the machine sets for Node is not meant for the daemons.
for (const variable of NODE_VARIABLES) delete process.env[variable];
const [name, ...args] = process.argv.slice(2);
if (name === undefined) {
  await list();
} else {
  const holds = name === SHORT ? await showShortForms(await loadAll(), console.log) : await show(name, args);
  process.exitCode = holds ? 0 : 1;
}
