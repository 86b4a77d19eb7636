import { ConfigError } from '../config/config-error.ts';
import { loadPluginData } from '../config/section/plugin-data.ts';
import type { PluginConfig } from '../config/section/plugins.ts';
import { prefixed, SpirekitError } from '../runtime/errors.ts';
import { goQuote } from '../runtime/go-quote.ts';
import type { LogFields, Logger } from '../runtime/logger.ts';
import type { BuiltInPlugin, BuiltInPlugins } from './built-in-plugin.ts';

/** The log of a plugin: its lines tell which one they are about. */
export function pluginLog(log: Logger, { cmd, name, type }: PluginConfig): Logger {
  return log.with({ external: cmd !== undefined, plugin_name: name, plugin_type: type });
}

/**
 * Makes the plugin that a configuration names. Errors: `invalid-config` in SPIRE's words, and what making it throws.
 *
 * @param tellConfigured what the log says of the settings that are in force
 */
export async function openPlugin<Deps, Plugin>(
  builtIns: BuiltInPlugins<Deps, Plugin>,
  config: PluginConfig,
  deps: Deps,
  log: Logger,
  absent: Readonly<Record<string, string>> = {},
  tellConfigured: (data: string) => LogFields = () => ({ reconfigurable: false }),
): Promise<Plugin> {
  const plugin = await getBuiltIn(builtIns, config, log, absent);
  try {
    const data = await loadPluginData(config.data).catch((error: unknown) => {
      throw prefixed('failed to load plugin data', error);
    });
    if (!plugin.isConfigurable && data.trim() !== '') {
      throw new ConfigError('no supported configuration interface found');
    }
    const [reason] = plugin.validate?.(data) ?? [];
    if (reason !== undefined) throw new ConfigError(`rpc error: code = InvalidArgument desc = ${reason}`);
    const opened = await plugin.open(data, deps);
    if (plugin.isConfigurable) log.info('Configured plugin', tellConfigured(data));
    log.info('Plugin loaded');
    return opened;
  } catch (cause) {
    log.error('Failed to configure plugin', { error: SpirekitError.from(cause) });
    throw prefixed(`failed to configure plugin ${goQuote(config.name)}`, cause);
  }
}

/**
 * Finds the plugin that a configuration names. Error: `invalid-config`, in SPIRE's words.
 *
 * @param absent why plugins are not there that SPIRE has
 */
export async function getBuiltIn<Deps, Plugin>(
  builtIns: BuiltInPlugins<Deps, Plugin>,
  config: PluginConfig,
  log: Logger,
  absent: Readonly<Record<string, string>> = {},
): Promise<BuiltInPlugin<Deps, Plugin>> {
  const { type, name } = config;
  const load = Object.hasOwn(builtIns, name) ? builtIns[name] : undefined;
  if (load !== undefined) return load();
  const known = Object.keys(builtIns).sort().join(', ');
  const choice = known === '' ? 'there is none' : `there are: ${known}`;
  const reason = Object.hasOwn(absent, name) ? `: ${absent[name]}; a program of your own may do so by plugin_cmd` : '';
  throw notLoaded(config, `no built-in plugin ${goQuote(name)} for type ${goQuote(type)} (${choice})${reason}`, log);
}

/** The refusal of a plugin for a reason that its settings have nothing to do with; it is in the log already. */
export function notLoaded({ name }: PluginConfig, reason: string, log: Logger): ConfigError {
  const error = new ConfigError(reason);
  log.error('Failed to load plugin', { error });
  return new ConfigError(`failed to load plugin ${goQuote(name)}: ${reason}`, { cause: error });
}
