import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { findOnPath, projectRoot, run } from '../../test/support/programs.ts';
import { packTarball } from '../release/tarball.ts';
import { type Proof, SHORT, skipped, verdict } from './proof.ts';

/** The oldest Node that the package is for, and the one it is developed on. */
const NODES = ['22.13.0', '24.21.0'];

/** What a package may hold; whatever else is found in it is too much. */
const WANTED =
  /^(package\.json|(README|CHANGELOG|SECURITY)\.md|LICENSE|bin\/(launch\.sh|spirekit|spire-agent|spire-server)|conf\/(agent|server)\/\w+\.conf|docs\/[\w-]+\.md|schemas\/[\w-]+\.v1\.json|examples\/(plugins\/[\w-]+\.ts|ci\/[\w/-]+\.yml)|packaging\/systemd\/[\w-]+\.service|dist\/(LICENSES\.txt|bundled\.json|(main|chunks|commands|lib)\/.+\.c?js|types\/.+\.d\.ts))$/;

/** What must be in it for the main jobs. */
const NEEDED = [
  'bin/spirekit',
  'dist/main/spirekit.cjs',
  'dist/lib/spiffe/index.js',
  'schemas/version.v1.json',
  'dist/types/lib/spiffe/index.d.ts',
];

export const proof: Proof = {
  shows: `the packed package: only what is needed, the same twice, and its main job in an empty folder on Node ${NODES.join(' and ')}`,
  hasShortForm: true,
  async run(args) {
    if (findOnPath('openssl') === undefined) return skipped('openssl is not on the PATH');
    const work = mkdtempSync(join(tmpdir(), 'spirekit-package-'));
    try {
      const tarball = packTarball(work);
      const tooMuch = tarball.files.filter((file) => !WANTED.test(file));
      const missing = NEEDED.filter((file) => !tarball.files.includes(file));
      for (const file of tooMuch) console.log(`should not be in the package: ${file}`);
      for (const file of missing) console.log(`is missing in the package: ${file}`);
      const path = join(work, tarball.filename);
      const isSame = args.includes(SHORT) || (await isMadeAgain(work, path));
      const figures: string[] = [];
      let holds = tooMuch.length === 0 && missing.length === 0 && isSame;
      for (const version of NODES) {
        const problem = await tryOn(version, path, join(work, version));
        if (problem !== undefined) console.log(`Node ${version}: ${problem}`);
        holds &&= problem === undefined;
        figures.push(`Node ${version} ${problem === undefined ? 'works' : 'fails'}`);
      }
      const twice = args.includes(SHORT) ? '' : `a clone packs ${isSame ? 'the same bytes' : 'other bytes'}; `;
      return verdict(
        holds,
        `${tarball.files.length} files, ${tooMuch.length} too many, ${missing.length} missing; ${twice}${figures.join(', ')}`,
      );
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  },
};

/** Whether a fresh clone of what is committed packs the very same bytes. */
async function isMadeAgain(work: string, path: string): Promise<boolean> {
  const clone = join(work, 'clone');
  const again = join(work, 'again');
  mkdirSync(again);
  await succeed('git', ['clone', '--quiet', projectRoot, clone], work);
  await succeed('npm', ['ci'], clone);
  const { filename } = packTarball(again, clone);
  return readFileSync(path).equals(readFileSync(join(again, filename)));
}

/** Installs the package in an empty folder and has it do its main job; resolves with what went wrong. */
async function tryOn(version: string, tarball: string, folder: string): Promise<string | undefined> {
  try {
    const node = await installNode(version, join(folder, 'node'));
    const env = { PATH: [join(folder, 'app/node_modules/.bin'), dirname(node), '/usr/bin', '/bin'].join(delimiter) };
    const app = join(folder, 'app');
    mkdirSync(app, { recursive: true });
    writeFileSync(join(app, 'package.json'), '{ "private": true, "type": "module" }\n');
    await succeed('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', tarball], app);
    const used = await succeed('node', ['--version'], app, env);
    if (used.trim() !== `v${version}`) return `the Node that was used is ${used.trim()}`;
    await succeed('spirekit', ['version'], app, env);
    await succeed('spirekit', ['--help'], app, env);
    await succeed('spirekit', ['dev', 'exec', '--', 'spirekit', 'api', 'fetch', 'x509', '--write', app], app, env);
    const svid = join(app, 'svid.0.pem');
    if (!existsSync(svid)) return 'no SVID was written';
    await succeed('openssl', ['verify', '-CAfile', join(app, 'bundle.0.pem'), svid], app);
    await succeed('spirekit', ['link', app], app, env);
    await succeed(join(app, 'spire-server'), ['-h'], app, env);
    await succeed(join(app, 'spire-agent'), ['api', 'fetch', 'x509', '-h'], app, env);
    const imports = `for (const name of ['spiffe', 'workloadapi', 'client']) await import('spirekit/' + name);`;
    await succeed('node', ['--input-type=module', '-e', imports], app, env);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** That Node from the registry of npm; resolves with the path of its binary. */
async function installNode(version: string, folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const name = `node-${process.platform}-${process.arch}`;
  await succeed('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', `${name}@${version}`], folder);
  return join(folder, 'node_modules', name, 'bin/node');
}

async function succeed(program: string, args: string[], cwd: string, env?: Record<string, string>): Promise<string> {
  const done = await run(program, args, { cwd, ...(env !== undefined && { env }) });
  if (done.code !== 0) {
    throw new Error(`${program} ${args.join(' ')}: exit code ${done.code}: ${done.stderr.trim().slice(-500)}`);
  }
  return done.stdout;
}
