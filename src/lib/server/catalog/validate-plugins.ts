import type { PluginConfig } from '../../config/section/plugins.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import { getBuiltIn } from './load-plugin.ts';
import { loadPluginData } from './plugin-data.ts';
import { DATASTORE_TYPE, findCountError, PLUGIN_TYPES } from './plugin-types.ts';

/**
 * Checks the plugins of a configuration without making them, as `validate` does. Returns what is wrong by plugin
 * (`KeyManager "disk"`) or by type (`KeyManager`), in SPIRE's words; empty when the server could load them.
 *
 * Error: `invalid-config` for a plugin or a type that there is not.
 */
export async function validateServerPlugins(
  plugins: readonly PluginConfig[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const notes = new Map<string, readonly string[]>();
  const datastore = plugins.find((plugin) => plugin.type === DATASTORE_TYPE.name && plugin.isEnabled);
  if (datastore === undefined) notes.set(`${DATASTORE_TYPE.name} "sql"`, ["'datastore' must be configured"]);
  const counts = new Map<string, number>();
  for (const plugin of plugins) {
    const builtIns = plugin.type === DATASTORE_TYPE.name ? DATASTORE_TYPE.builtIns : findType(plugin.type)?.builtIns;
    if (builtIns === undefined) {
      throw new SpirekitError('invalid-config', `unsupported plugin type ${JSON.stringify(plugin.type)}`);
    }
    if (!plugin.isEnabled) continue;
    const { validate } = await getBuiltIn<never, unknown>(builtIns, plugin);
    const found = await notesOf(plugin, validate);
    if (found.notes.length > 0) notes.set(`${plugin.type} ${JSON.stringify(plugin.name)}`, found.notes);
    if (found.isRead) counts.set(plugin.type, (counts.get(plugin.type) ?? 0) + 1);
  }
  for (const [type, { count }] of Object.entries(PLUGIN_TYPES)) {
    const reason = findCountError(count, counts.get(type) ?? 0);
    if (reason !== undefined) notes.set(type, [`constraint not satisfied: ${reason}`]);
  }
  return notes;
}

async function notesOf(
  plugin: PluginConfig,
  validate: (data: string) => readonly string[],
): Promise<{ readonly notes: readonly string[]; readonly isRead: boolean }> {
  try {
    return { notes: validate(await loadPluginData(plugin.data)), isRead: true };
  } catch (error) {
    return { notes: [`failed to read plugin configuration: ${SpirekitError.from(error).message}`], isRead: false };
  }
}

function findType(type: string): (typeof PLUGIN_TYPES)[keyof typeof PLUGIN_TYPES] | undefined {
  switch (type) {
    case 'KeyManager':
    case 'NodeAttestor':
      return PLUGIN_TYPES[type];
    default:
      return undefined;
  }
}
