/**
 * Builds what the programs run: `dist/` with one small file for each program, one for each command, and shared chunks.
 * With `--declarations` it also writes the type declarations of the public entry points.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

function run(command: string, args: readonly string[]): void {
  const done = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (done.status !== 0) process.exit(done.status ?? 1);
}

/** What an install puts beside the bundle; everything else becomes part of it. */
function externalPackages(): string[] {
  const manifest: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  if (typeof manifest !== 'object' || manifest === null || !('dependencies' in manifest)) return [];
  return Object.keys(manifest.dependencies ?? {});
}

async function bundle(): Promise<void> {
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  const commands = globSync('src/commands/**/*.ts', { cwd: root });
  const programs = globSync('src/main/*.ts', { cwd: root });
  const bundled = new Set(['@bufbuild/protobuf', 'kysely']);
  await build({
    absWorkingDir: root,
    entryPoints: [...programs, ...commands].map((file) => ({
      in: file,
      out: relative('src', file).replace(/\.ts$/, ''),
    })),
    outdir: 'dist',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node22.13',
    chunkNames: 'chunks/[name]-[hash]',
    minify: true,
    keepNames: true,
    legalComments: 'none',
    external: externalPackages().filter((name) => !bundled.has(name)),
    logLevel: 'warning',
  });
}

if (!existsSync(join(root, 'src/lib/wire/gen/workload.ts')) || process.argv.includes('--generate')) {
  run(process.execPath, ['scripts/generate-wire.ts']);
}
await bundle();
if (process.argv.includes('--declarations')) {
  run('tsc', ['-p', 'tsconfig.build.json']);
}
