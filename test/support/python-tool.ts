import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from './programs.ts';

/** Packages of PyPI that bring something which tests run. */
export interface PythonTool {
  /** Exact versions, as pip wants them; the first one names the folder. */
  readonly packages: readonly [string, ...string[]];
  /** Installs also what the packages ask for. */
  readonly withDependencies: boolean;
}

/** Where a tool is, or why it cannot be had. */
export type FoundTool = { readonly folder: string } | { readonly missing: string };

/** Installs a tool with pip below the user's cache, once; what is there is found again, without the network. */
export async function findPythonTool({ packages, withDependencies }: PythonTool): Promise<FoundTool> {
  const [name] = packages;
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = join(cache, 'spirekit-tests', name.replaceAll(/[^\w.-]+/g, '-'));
  if (existsSync(folder)) return { folder };
  const growing = `${folder}.${randomBytes(6).toString('hex')}`;
  try {
    mkdirSync(dirname(folder), { recursive: true, mode: 0o700 });
    const options = ['-q', '--disable-pip-version-check', '--no-input', ...(withDependencies ? [] : ['--no-deps'])];
    const args = ['-m', 'pip', 'install', ...options, '--target', growing, ...packages];
    const installed = await run('python3', args, { timeoutMs: 600_000 });
    if (installed.code !== 0) return { missing: `pip cannot install ${name}: ${lastLine(installed.stderr)}` };
    // Another test file may have been faster.
    if (!existsSync(folder)) renameSync(growing, folder);
    return { folder };
  } catch (error) {
    if (existsSync(folder)) return { folder };
    return { missing: `${name} needs python3 with pip: ${error instanceof Error ? error.message : String(error)}` };
  } finally {
    rmSync(growing, { recursive: true, force: true });
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
