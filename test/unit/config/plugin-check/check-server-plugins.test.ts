import { createHash } from 'node:crypto';
import { chmod } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { checkServerPlugins } from '../../../../src/lib/config/plugin-check/check-server-plugins.ts';
import { ConfigFolder, serverFile } from '../../../support/config-files.ts';

const DATA_STORE = 'DataStore "sql" { plugin_data { database_type = "sqlite3" connection_string = "x" } }\n';
const KEY_MANAGER = 'KeyManager "memory" {}\n';

async function check(plugins: string, files: Readonly<Record<string, string>> = {}) {
  await using folder = await ConfigFolder.open({ ...files, 'server.conf': serverFile('', `plugins {\n${plugins}\n}`) });
  return await checkServerPlugins(await folder.loadServer(), { cwd: folder.path, env: {} });
}

/** Notes about one plugin beside those that must be there. */
async function notesOn(plugin: string, files: Readonly<Record<string, string>> = {}): Promise<readonly string[]> {
  const isKeyManager = plugin.startsWith('KeyManager');
  const notes = await check(`${DATA_STORE}${isKeyManager ? '' : KEY_MANAGER}${plugin}`, files);
  return [...notes.values()].flat();
}

describe("the check of a server's plugins", () => {
  it('finds nothing to say about good ones', async () => {
    expect((await check(DATA_STORE + KEY_MANAGER)).size).toBe(0);
  });

  it('misses what must be there, and counts what may be there once', async () => {
    expect([...(await check(''))]).toEqual([
      ['DataStore "sql"', ["'datastore' must be configured"]],
      ['KeyManager', ['constraint not satisfied: expected exactly 1 but got 0']],
    ]);
    const upstream = 'UpstreamAuthority "vault" {} UpstreamAuthority "disk" {}';
    expect((await check(DATA_STORE + KEY_MANAGER + upstream)).get('UpstreamAuthority')).toEqual([
      'constraint not satisfied: expected at most 1 but got 2',
    ]);
  });

  it('leaves out plugins that are switched off', async () => {
    expect(await notesOn('NodeAttestor "no_such" { enabled = false }')).toEqual([]);
  });

  it.each([
    [
      'NodeAttestor "no_such" {}',
      'failed to load plugin "no_such": no built-in plugin "no_such" for type "NodeAttestor"',
    ],
    ['Nonsense "x" {}', 'unsupported plugin type "Nonsense"'],
    ['WorkloadAttestor "unix" {}', 'unsupported plugin type "WorkloadAttestor"'],
    ['NodeAttestor "join_token" { plugin_cmd = "x" }', /^the built-in join_token node attestor cannot be overridden/],
    ['NodeAttestor "m" { plugin_cmd = "/no/such" }', /fork\/exec \/no\/such: no such file or directory$/],
    ['NodeAttestor "m" { plugin_cmd = "/" }', /fork\/exec \/: permission denied$/],
    ['NodeAttestor "m" { plugin_cmd = "/x" plugin_checksum = "abcd" }', /expected checksum of length 64; got 4$/],
    ['NodeAttestor "m" { plugin_cmd = "/x" plugin_checksum = "x" }', /checksum is not a valid hex string$/],
  ])('refuses %s', async (plugin, message) => {
    await expect(notesOn(plugin)).rejects.toMatchObject({
      code: 'invalid-config',
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    });
  });

  it('compares the checksum of an external program', async () => {
    const program = '#!/bin/sh\n';
    const checksum = createHash('sha256').update(program).digest('hex');
    const text = (sum: string): string =>
      serverFile(
        '',
        `plugins { ${DATA_STORE} ${KEY_MANAGER} NodeAttestor "m" { plugin_cmd = "p" plugin_checksum = "${sum}" } }`,
      );
    await using folder = await ConfigFolder.open({ p: program, 'server.conf': text(checksum) });
    await chmod(`${folder.path}/p`, 0o755);
    const options = { cwd: folder.path, env: {} };
    expect((await checkServerPlugins(await folder.loadServer(), options)).size).toBe(0);
    await folder.write('server.conf', text('00'.repeat(32)));
    await expect(checkServerPlugins(await folder.loadServer(), options)).rejects.toThrow('checksums did not match');
  });

  it('reads settings from a file, and says when it is not there', async () => {
    const plugin = 'NodeAttestor "join_token" { plugin_data_file = "f" }';
    expect(await notesOn(plugin, { f: 'colour = "red"' })).toEqual(['unknown setting "colour" encountered']);
    expect(await notesOn(plugin)).toEqual(['failed to read plugin configuration: open f: no such file or directory']);
  });

  it.each([
    ['KeyManager "disk" {}', ['keys_path is required']],
    ['KeyManager "disk" { plugin_data { keys_path = [] } }', [/^unable to decode configuration: At 1:13: /]],
    ['KeyManager "aws_kms" {}', ['configuration is missing a region', /^configuration requires a key identifier/]],
    [
      'KeyManager "gcp_kms" { plugin_data { key_ring = "r" key_identifier_value = "A" } }',
      [/must contain only letters/],
    ],
    ['KeyManager "hashicorp_vault" {}', [/^one of 'key_identifier_file' or/]],
    ['NodeAttestor "x509pop" {}', ['one of ca_bundle_path or ca_bundle_paths must be configured']],
    [
      'NodeAttestor "x509pop" { plugin_data { ca_bundle_path = "f" } }',
      ['unable to load trust bundle "f": no certificates found in file'],
    ],
    [
      'NodeAttestor "x509pop" { plugin_data { mode = "spiffe" max_intermediates = 0 } }',
      ['max_intermediates must be greater than 0'],
    ],
    [
      'NodeAttestor "k8s_psat" { plugin_data { clusters "a" {} } }',
      [/^cluster "a" configuration must have at least one service account/],
    ],
    [
      'NodeAttestor "aws_iid" { plugin_data { agent_path_template = "{{" } }',
      ['failed to parse agent svid template: "{{"'],
    ],
    ['NodeAttestor "aws_iid" { plugin_data { agent_path_template = "/{{ .AccountID }}" } }', []],
    ['NodeAttestor "http_challenge" { plugin_data { tofu = false } }', [/^you can not turn off trust on first use/]],
    ['NodeAttestor "http_challenge" { plugin_data { tofu = false required_port = 80 } }', []],
    [
      'UpstreamAuthority "disk" { plugin_data { cert_file_path = "c" } }',
      ["'cert_file_path' and 'key_file_path' must be set and not empty"],
    ],
    [
      'UpstreamAuthority "spire" {}',
      ['server_address is required', 'server_port is required', 'workload_api_socket is required'],
    ],
    ['BundlePublisher "aws_rolesanywhere_trustanchor" {}', ['configuration is missing the region', /trust anchor id$/]],
    ['BundlePublisher "k8s_configmap" { plugin_data { clusters "a" {} } }', ['missing bundle format in cluster "a"']],
    ['Notifier "gcs_bundle" {}', ['bucket must be set', 'object_path must be set']],
    ['CredentialComposer "uniqueid" { plugin_data { x = 1 } }', []],
  ])('looks at the settings of %s', async (plugin, expected) => {
    const notes = await notesOn(plugin, { f: 'nothing' });
    expect(notes).toEqual(expected.map((note) => (typeof note === 'string' ? note : expect.stringMatching(note))));
  });

  it.each([
    ['database_type = "sqlite3"', 'datastore-sql: connection_string must be set'],
    ['connection_string = "x"', 'malformed database type configuration'],
    ['database_type = "" connection_string = "x"', 'datastore-sql: database_type must be set'],
    ['database_type { a {} b {} } connection_string = "x"', 'exactly one database type is expected'],
    ['database_type { oracle {} } connection_string = "x"', 'unknown database type: oracle'],
    ['database_type { aws_postgres {} } connection_string = "x"', 'datastore-sql: region must be specified'],
    ['database_type = "mysql" connection_string = "u@/d"', /missing parseTime=true param/],
    ['database_type = "sqlite3" connection_string = "x" max_open_conns = "lots"', /^strconv\.ParseInt: parsing "lots"/],
  ])('tells faults of the data store twice, as SPIRE does: %s', async (settings, fault) => {
    const notes = await check(`DataStore "sql" { plugin_data { ${settings} } }\n${KEY_MANAGER}`);
    const expected = typeof fault === 'string' ? fault : expect.stringMatching(fault);
    expect([...notes]).toEqual([['DataStore "sql"', [expected, expected]]]);
  });
});
