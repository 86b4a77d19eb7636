import { goQuote } from '../../runtime/go-quote.ts';
import { ConfigError } from '../config-error.ts';
import type { ConfigReport } from '../config-report.ts';
import type { HclItem, HclNode } from '../hcl/ast.ts';
import { formatHclNode } from '../hcl/format.ts';
import { block } from '../schema/block.ts';
import { list, map } from '../schema/collections.ts';
import { kindName } from '../schema/decode-node.ts';
import { bool, optional, string, subtree } from '../schema/scalars.ts';
import type { Infer } from '../schema/schema.ts';

/** Where a plugin's own configuration comes from. */
export type PluginDataSource =
  /** Neither `plugin_data` nor `plugin_data_file` is set: the plugin is configured with an empty text. */
  | { readonly kind: 'none' }
  /** The `plugin_data` block as HCL text, which is also what an external plugin receives. */
  | { readonly kind: 'fixed'; readonly hcl: string }
  /** `plugin_data_file`: read when the plugin is configured, and again when the daemon is told to reconfigure. */
  | { readonly kind: 'file'; readonly path: string };

/** One plugin of the `plugins` block, in the order of the file. */
export interface PluginConfig {
  /** Such as `NodeAttestor`. Any word: whoever loads plugins refuses types that it does not know. */
  readonly type: string;
  /** Such as `join_token`. */
  readonly name: string;
  /** False when `enabled = false`: the plugin is then left out, and not validated. */
  readonly isEnabled: boolean;
  /** `plugin_cmd`: path of an external plugin's program. Undefined for built-in plugins. */
  readonly cmd: string | undefined;
  /** `plugin_args` of an external plugin. */
  readonly args: readonly string[];
  /** `plugin_checksum`: SHA-256 of the program in hexadecimal, not yet checked. */
  readonly checksum: string | undefined;
  readonly data: PluginDataSource;
}

const pluginSchema = block({
  plugin_cmd: string(),
  plugin_args: list(string()),
  plugin_checksum: string(),
  plugin_data: subtree(),
  plugin_data_file: optional(string()),
  enabled: optional(bool()),
});

/** Each item of the block by itself: plugin type, plugin name, settings. */
const pluginsSchema = list(map(map(pluginSchema)));

interface PluginIdentity {
  readonly type: string;
  readonly name: string;
}

/**
 * Reads the `plugins` block.
 *
 * @throws {ConfigError} code `invalid-config`, for a plugin that is declared twice or has both kinds of data
 */
export function resolvePlugins(tree: HclNode, report: ConfigReport): PluginConfig[] {
  if (tree.kind !== 'object') {
    return report.fail(`expected plugins node type *ast.ObjectList but got ${kindName(tree)}`, ['plugins']);
  }
  const order = findPlugins(tree.items, []);
  refuseDuplicates(order, report);
  const maps = decodePlugins(tree.items, report);
  return order.map(({ type, name }) => {
    const raw = maps
      .find((types) => types.get(type)?.has(name) === true)
      ?.get(type)
      ?.get(name);
    if (raw === undefined) return report.fail(`plugin ${goQuote(type)}/${goQuote(name)} cannot be read`, ['plugins']);
    return makePlugin({ type, name }, raw, report);
  });
}

/** The plugins in the order of the file: wherever two keys have come together, on one line or nested. */
function findPlugins(items: readonly HclItem[], outer: readonly string[]): PluginIdentity[] {
  return items.flatMap((item) => {
    const [type, name] = [...outer, ...item.keys.map((key) => key.name)];
    if (type === undefined) return [];
    if (name !== undefined) return [{ type, name }];
    return item.value.kind === 'object' ? findPlugins(item.value.items, [type]) : [];
  });
}

function refuseDuplicates(order: readonly PluginIdentity[], report: ConfigReport): void {
  const seen = new Set<string>();
  for (const { type, name } of order) {
    const key = `${goQuote(type)}/${goQuote(name)}`;
    if (seen.has(key)) report.fail(`plugin ${key} declared more than once`, ['plugins', type, name]);
    seen.add(key);
  }
}

function decodePlugins(items: readonly HclItem[], report: ConfigReport): Infer<typeof pluginsSchema> {
  try {
    return pluginsSchema.decode('root', { kind: 'items', items }, pluginsSchema.empty);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw report.adopt(error, `failed to decode plugins config: ${error.message}`);
  }
}

function makePlugin(
  { type, name }: PluginIdentity,
  raw: Infer<typeof pluginSchema>,
  report: ConfigReport,
): PluginConfig {
  if (raw.plugin_data !== undefined && raw.plugin_data_file !== undefined) {
    const reason = 'only one of [plugin_data, plugin_data_file] can be used';
    const message = `failed to create plugin config for ${goQuote(type)}/${goQuote(name)}: ${reason}`;
    report.fail(message, ['plugins', type, name]);
  }
  return {
    type,
    name,
    isEnabled: raw.enabled ?? true,
    cmd: raw.plugin_cmd === '' ? undefined : raw.plugin_cmd,
    args: raw.plugin_args,
    checksum: raw.plugin_checksum === '' ? undefined : raw.plugin_checksum,
    data: dataSource(raw.plugin_data, raw.plugin_data_file),
  };
}

function dataSource(tree: HclNode | undefined, file: string | undefined): PluginDataSource {
  if (file !== undefined) return { kind: 'file', path: file };
  const hcl = tree === undefined ? '' : formatHclNode(tree);
  return hcl === '' ? { kind: 'none' } : { kind: 'fixed', hcl };
}
