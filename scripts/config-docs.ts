/**
 * `node scripts/config-docs.ts` writes the tables of keys into docs/configuration.md, from the tables that the code itself
 * uses. A test fails when they are out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AGENT_KEYS } from '../src/lib/config/agent/agent-keys.ts';
import { agentFileSchema } from '../src/lib/config/agent/agent-schema.ts';
import { describeShape, keyPathsOf } from '../src/lib/config/key-paths.ts';
import type { ConfigKey } from '../src/lib/config/key-table.ts';
import type { SchemaShape } from '../src/lib/config/schema/schema.ts';
import { SERVER_KEYS } from '../src/lib/config/server/server-keys.ts';
import { serverFileSchema } from '../src/lib/config/server/server-schema.ts';

const PAGE = fileURLToPath(new URL('../docs/configuration.md', import.meta.url));

const WORKS = { works: 'yes', none: 'not yet', refused: 'refused' } as const;

/** The page with its tables made anew. */
export function renderPage(page: string): string {
  const shared = SERVER_KEYS.filter(({ path }) => !path.startsWith('server.'));
  const tables: Record<string, string> = {
    server: renderTable(ownKeys(SERVER_KEYS, 'server'), serverFileSchema.shape),
    agent: renderTable(ownKeys(AGENT_KEYS, 'agent'), agentFileSchema.shape),
    shared: renderTable(shared, serverFileSchema.shape),
  };
  return page.replaceAll(
    /(<!-- keys: (\w+) -->\n).*?(<!-- end of keys -->)/gs,
    (_, start: string, name: string, end: string) => `${start}\n${tables[name] ?? ''}\n${end}`,
  );
}

/** The page as it is on disk. */
export function readPage(): string {
  return readFileSync(PAGE, 'utf8');
}

function ownKeys(keys: readonly ConfigKey[], block: string): ConfigKey[] {
  return keys.filter(({ path }) => path.startsWith(`${block}.`));
}

function renderTable(keys: readonly ConfigKey[], shape: SchemaShape): string {
  const shapes = new Map(keyPathsOf(shape).map((key) => [key.path, key.shape]));
  const rows = keys.map(({ path, description, defaultValue, effect }) => {
    const found = shapes.get(path);
    const type = found === undefined ? '' : describeShape(found);
    return `| \`${path}\` | ${type} | ${description} | ${defaultValue ?? ''} | ${WORKS[effect]} |\n`;
  });
  return `| key | type | what | default | works |\n|---|---|---|---|---|\n${rows.join('')}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PAGE, renderPage(readPage()));
