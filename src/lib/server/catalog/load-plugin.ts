import type { PluginConfig } from '../../config/section/plugins.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { BuiltInPlugin, BuiltInPlugins } from './built-in-plugin.ts';
import { loadPluginData } from './plugin-data.ts';

/** Finds the plugin that a configuration names. Error: `invalid-config`, in SPIRE's words. */
export async function getBuiltIn<Deps, Plugin>(
  builtIns: BuiltInPlugins<Deps, Plugin>,
  config: PluginConfig,
): Promise<BuiltInPlugin<Deps, Plugin>> {
  const { type, name } = config;
  if (config.cmd !== undefined) {
    throw failure(`failed to load plugin ${quote(name)}: external plugins are not supported yet (plugin_cmd)`);
  }
  const load = Object.hasOwn(builtIns, name) ? builtIns[name] : undefined;
  if (load !== undefined) return load();
  throw failure(`failed to load plugin ${quote(name)}: no built-in plugin ${quote(name)} for type ${quote(type)}`);
}

/** Makes the plugin that a configuration names. Errors: `invalid-config`, and what making it throws. */
export async function openPlugin<Deps, Plugin>(
  builtIns: BuiltInPlugins<Deps, Plugin>,
  config: PluginConfig,
  deps: Deps,
  log: Logger,
): Promise<Plugin> {
  const plugin = await getBuiltIn(builtIns, config);
  try {
    const data = await loadPluginData(config.data);
    if (!plugin.isConfigurable && data.trim() !== '') throw failure('no supported configuration interface found');
    const [reason] = plugin.validate(data);
    if (reason !== undefined) throw failure(`rpc error: code = InvalidArgument desc = ${reason}`);
    const opened = await plugin.open(data, deps);
    if (plugin.isConfigurable) log.info('Configured plugin', { reconfigurable: false });
    log.info('Plugin loaded');
    return opened;
  } catch (cause) {
    const error = SpirekitError.from(cause);
    log.error('Failed to configure plugin', { error });
    throw new SpirekitError(error.code, `failed to configure plugin ${quote(config.name)}: ${error.message}`, {
      cause,
    });
  }
}

function quote(text: string): string {
  return JSON.stringify(text);
}

function failure(message: string): SpirekitError {
  return new SpirekitError('invalid-config', message);
}
