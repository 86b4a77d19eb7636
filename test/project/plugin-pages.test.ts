import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { defaultFlagValues } from '../../src/lib/config/config-flag.ts';
import { checkServerPlugins } from '../../src/lib/config/plugin-check/check-server-plugins.ts';
import { loadServerConfig } from '../../src/lib/config/server/load-server-config.ts';
import { SERVER_FLAGS } from '../../src/lib/config/server/server-flags.ts';
import { PLUGIN_TYPES } from '../../src/lib/server/catalog/plugin-types.ts';
import { projectRoot } from '../support/programs.ts';

const page = readFileSync(join(projectRoot, 'docs/plugins-vault-aws.md'), 'utf8');
const examples = Array.from(page.matchAll(/```hcl\n(\w+ "(\w+)" \{\n.*?)```/gs), ([, text = '', name = '']) => ({
  name,
  text,
}));

test.each(examples)('the example of $name is a configuration that loads', async ({ name, text }) => {
  const folder = mkdtempSync(join(tmpdir(), 'plugin-page-'));
  try {
    const path = join(folder, 'server.conf');
    const keyManager = text.startsWith('KeyManager') ? '' : 'KeyManager "memory" { plugin_data {} }';
    const dataStore =
      'DataStore "sql" { plugin_data { database_type = "sqlite3" connection_string = "datastore.sqlite3" } }';
    writeFileSync(
      path,
      `server { trust_domain = "example.org" data_dir = "data" } plugins { ${dataStore} ${keyManager} ${text} }`,
    );
    const flags = { ...defaultFlagValues(SERVER_FLAGS), config: path };
    const config = await loadServerConfig({ flags, env: {}, cwd: folder });
    expect([...(await checkServerPlugins(config, { cwd: folder, env: {} }))]).toEqual([]);
    const builtIns = Object.values(PLUGIN_TYPES).flatMap((type) => Object.keys(type.builtIns));
    expect(builtIns).toContain(name);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('there is an example of each plugin of the page', () => {
  const headings = Array.from(page.matchAll(/^## \w+ `(\w+)`$/gm), ([, name]) => name);
  expect(headings.length).toBeGreaterThan(0);
  expect(examples.map(({ name }) => name)).toEqual(headings);
});
