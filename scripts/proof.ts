/**
 * `npm run proof` lists the proofs; `npm run proof -- NAME` runs one. A proof prints what it does as it goes and its
 * figure on the last line, and exits 1 when the figure is not the one that is claimed. `npm run proof -- --short` runs
 * every proof that has a short form in that form, and exits 1 when one of them is not shown.
 */
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Proof, SHORT } from './proofs/proof.ts';
import { formatResult, type RunShortForm, showShortForms } from './proofs/short-forms.ts';

const folder = join(dirname(fileURLToPath(import.meta.url)), 'proofs');
const names = globSync('*.proof.ts', { cwd: folder })
  .map((file) => basename(file, '.proof.ts'))
  .sort();

async function load(name: string): Promise<Proof> {
  const module: { proof: Proof } = await import(pathToFileURL(join(folder, `${name}.proof.ts`)).href);
  return module.proof;
}

async function list(): Promise<void> {
  console.log('npm run proof -- NAME\n');
  for (const name of names) {
    const { shows, hasShortForm } = await load(name);
    console.log(`  ${name.padEnd(16)} ${shows}${hasShortForm ? ` (${SHORT})` : ''}`);
  }
}

async function show(name: string, args: readonly string[]): Promise<boolean> {
  if (!names.includes(name)) {
    console.error(`no proof is called ${name}: npm run proof lists them`);
    return false;
  }
  const proof = await load(name);
  const result = await proof.run(args);
  console.log(formatResult(name, result));
  return result.verdict === 'shown';
}

async function showAllShort(): Promise<boolean> {
  const short: string[] = [];
  for (const name of names) if ((await load(name)).hasShortForm) short.push(name);
  return await showShortForms(short, runShortForm, console.log);
}

/** In a process of its own, so that one that crashes or leaves something open is no matter to the others. */
const runShortForm: RunShortForm = (name) =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [fileURLToPath(import.meta.url), name, SHORT], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      process.stdout.write(text);
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout }));
  });

const [name, ...args] = process.argv.slice(2);
if (name === undefined) {
  await list();
} else {
  const holds = await (name === SHORT ? showAllShort() : show(name, args));
  process.exitCode = holds ? 0 : 1;
}
