import { describe, expect, it } from 'vitest';
import { loadServerText, serverFile } from '../../../support/config-files.ts';

const load = async (plugins: string) => (await loadServerText(serverFile('', plugins))).plugins;

describe('the plugins of a configuration', () => {
  it.each([
    'plugins { KeyManager "disk" { plugin_data { keys_path = "k" } } }',
    'plugins { KeyManager { disk { plugin_data { keys_path = "k" } } } }',
    'plugins { KeyManager "disk" plugin_data { keys_path = "k" } }',
    'plugins "KeyManager" "disk" { plugin_data { keys_path = "k" } }',
    'plugins = { KeyManager = { disk = { plugin_data = { keys_path = "k" } } } }',
  ])('are read in every spelling: %s', async (text) => {
    expect(await load(text)).toEqual([
      {
        type: 'KeyManager',
        name: 'disk',
        isEnabled: true,
        cmd: undefined,
        args: [],
        checksum: undefined,
        data: { kind: 'fixed', hcl: 'keys_path = "k"\n' },
      },
    ]);
  });

  it('are read from JSON, as objects and as lists', async () => {
    const file = (plugins: unknown) =>
      loadServerText(JSON.stringify({ server: { trust_domain: 'a', data_dir: 'b' }, plugins }));
    for (const plugins of [
      { KeyManager: { disk: { plugin_data: { keys_path: 'k' } } } },
      { KeyManager: [{ disk: { plugin_data: { keys_path: 'k' } } }] },
    ]) {
      expect((await file(plugins)).plugins).toMatchObject([
        { type: 'KeyManager', name: 'disk', data: { hcl: 'keys_path = "k"\n' } },
      ]);
    }
  });

  it('keep the order of the file across types', async () => {
    const plugins = await load('plugins { B "1" {} A "2" {} B "3" {} }');
    expect(plugins.map(({ type, name }) => type + name)).toEqual(['B1', 'A2', 'B3']);
  });

  it('may be external, switched off, and configured from a file', async () => {
    const text =
      'plugins { A "x" { plugin_cmd = "/x" plugin_args = ["-v"] plugin_checksum = "c" enabled = false plugin_data_file = "f" } }';
    expect(await load(text)).toMatchObject([
      { isEnabled: false, cmd: '/x', args: ['-v'], checksum: 'c', data: { kind: 'file', path: 'f' } },
    ]);
  });

  it('pass their settings on as HCL that means the same', async () => {
    const [plugin] = await load(
      'plugins { A "x" { plugin_data { a = <<E\n"q"\nE\n b "c" { d = [1, "\\n"] } "e f" = 1 } } }',
    );
    expect(plugin?.data).toEqual({
      kind: 'fixed',
      hcl: 'a = "\\"q\\"\\n"\n\nb "c" {\n  d = [1, "\\n"]\n}\n\n"e f" = 1\n',
    });
  });

  it.each([
    ['plugins { A "x" {} A "x" {} }', 'plugin "A"/"x" declared more than once'],
    [
      'plugins { A "x" { plugin_data {} plugin_data_file = "f" } }',
      /^failed to create plugin config for "A"\/"x": only one of/,
    ],
    [
      'plugins { A "x" { enabled = "no" } }',
      /^failed to decode plugins config: At 6:29: root\[0\]\.A\.x\.enabled: unknown type/,
    ],
    ['plugins { A = 1 }', /root\[0\]\.A: not an object type for map/],
    ['plugins { A "x" { plugin_cmd = true } }', /root\[0\]\.A\.x\.plugin_cmd: unknown type for string/],
    ['plugins = "x"', 'expected plugins node type *ast.ObjectList but got *ast.LiteralType'],
  ])('are refused: %s', async (text, message) => {
    await expect(load(text)).rejects.toThrow(message);
  });
});
