/** Runs every check that needs no test run, in turn, and fails on the first warning of any of them. */
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const CHECKS: readonly (readonly [name: string, command: string, ...args: string[]])[] = [
  ['format and lint', 'biome', 'check', '--error-on-warnings', '.'],
  ['types', 'tsc', '-p', '.'],
  ['import rules', process.execPath, 'scripts/check-imports.ts'],
  ['dead code', 'knip', '--no-progress', '--treat-config-hints-as-errors'],
];

let failed = 0;
for (const [name, command, ...args] of CHECKS) {
  const done = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  const passed = done.status === 0;
  console.log(`${passed ? 'ok' : 'FAILED'}: ${name}`);
  if (!passed) failed += 1;
}
process.exitCode = failed > 0 ? 1 : 0;
