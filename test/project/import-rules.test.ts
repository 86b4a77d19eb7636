import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Finished, projectRoot, run } from '../support/programs.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'spirekit-imports-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function plant(files: Readonly<Record<string, string>>): Promise<Finished> {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return run(process.execPath, [join(projectRoot, 'scripts/check-imports.ts'), '--root', root]);
}

describe('the check of the import rules', () => {
  it('passes on this checkout', async () => {
    const result = await run(process.execPath, [join(projectRoot, 'scripts/check-imports.ts')]);
    expect(result.stderr).toBe('');
    expect(result.code).toBe(0);
  });

  it('refuses a layer that reaches up', async () => {
    const result = await plant({
      'src/lib/runtime/a.ts': `import { b } from '../spiffe/b.ts';\nexport const a = b;\n`,
      'src/lib/spiffe/b.ts': 'export const b = 1;\n',
    });
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('src/lib/runtime/a.ts:1 imports src/lib/spiffe/b.ts');
  });

  it.each([
    ['a type import', `import type { B } from '../agent/b.ts';\nexport type A = B;\n`],
    ['an import type', `export type A = import('../agent/b.ts').B;\n`],
    ['a dynamic import', `export const a = () => import('../agent/b.ts');\n`],
    ['a re-export', `export { b } from '../agent/b.ts';\n`],
  ])('sees %s between the daemons', async (_kind, text) => {
    const result = await plant({
      'src/lib/server/a.ts': text,
      'src/lib/agent/b.ts': 'export type B = 1;\nexport const b = 1;\n',
    });
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('src/lib/server may not use src/lib/agent');
  });

  it('refuses a cycle, even one of types alone', async () => {
    const result = await plant({
      'src/lib/runtime/a.ts': `import type { B } from './b.ts';\nexport type A = B | 1;\n`,
      'src/lib/runtime/b.ts': `import type { A } from './a.ts';\nexport type B = A | 2;\n`,
    });
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('import cycle: src/lib/runtime/a.ts -> src/lib/runtime/b.ts');
  });

  it('refuses a package outside the folder that owns it', async () => {
    const result = await plant({
      'src/lib/spiffe/a.ts': `import { Kysely } from 'kysely';\nexport const a = Kysely;\n`,
    });
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('imports kysely');
  });

  it('refuses a folder that no row of the table names', async () => {
    const result = await plant({ 'src/lib/utils/a.ts': 'export const a = 1;\n' });
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('is in no layer');
  });

  it('does not call an empty tree well-kept', async () => {
    const result = await plant({ 'README.md': '' });
    expect(result.code).toBe(1);
  });
});
