/**
 * `npm run proof` lists the proofs; `npm run proof -- NAME` runs one. A proof prints what it does as it goes and its
 * figure on the last line, and exits 1 when the figure is not the one that is claimed.
 */
import { globSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Proof } from './proofs/proof.ts';

const folder = join(dirname(fileURLToPath(import.meta.url)), 'proofs');

async function load(name: string): Promise<Proof | undefined> {
  const file = globSync('*.proof.ts', { cwd: folder }).find((candidate) => candidate === `${name}.proof.ts`);
  if (file === undefined) return undefined;
  const module: { proof: Proof } = await import(pathToFileURL(join(folder, file)).href);
  return module.proof;
}

async function list(): Promise<void> {
  const names = globSync('*.proof.ts', { cwd: folder }).map((file) => basename(file, '.proof.ts'));
  console.log('npm run proof -- NAME\n');
  for (const name of names.sort()) {
    const proof = await load(name);
    console.log(`  ${name.padEnd(16)} ${proof?.shows ?? ''}`);
  }
}

const [name, ...args] = process.argv.slice(2);
if (name === undefined) {
  await list();
} else {
  const proof = await load(name);
  if (proof === undefined) {
    console.error(`no proof is called ${name}: npm run proof lists them`);
    process.exitCode = 1;
  } else {
    const result = await proof.run(args);
    console.log(`${result.verdict}: ${name}: ${result.figure}`);
    process.exitCode = result.verdict === 'shown' ? 0 : 1;
  }
}
