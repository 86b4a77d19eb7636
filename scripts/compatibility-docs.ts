/**
 * `node scripts/compatibility-docs.ts` writes the tables of docs/compatibility.md from the tables that the code itself uses. A
 * test fails when they are out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compatibilityTables } from './compatibility/page.ts';

const PAGE = fileURLToPath(new URL('../docs/compatibility.md', import.meta.url));

/** The page with its tables made anew. */
export async function renderCompatibility(page: string): Promise<string> {
  const tables = await compatibilityTables();
  return page.replaceAll(
    /(<!-- table: ([\w-]+) -->\n).*?(<!-- end of table -->)/gs,
    (_, start: string, name: string, end: string) => `${start}\n${tables[name] ?? ''}\n${end}`,
  );
}

/** The page as it is on disk. */
export function readCompatibility(): string {
  return readFileSync(PAGE, 'utf8');
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(PAGE, await renderCompatibility(readCompatibility()));
