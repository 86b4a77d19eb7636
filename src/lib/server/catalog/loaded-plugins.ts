import type { ExternalPlugin } from '../../catalog/external/external-plugin.ts';
import type { ExternalPluginDeps } from '../../catalog/external/external-plugin-deps.ts';
import { openPlugin } from '../../catalog/load-plugin.ts';
import { checkCount } from '../../config/section/plugin-count.ts';
import type { PluginConfig } from '../../config/section/plugins.ts';
import { ResourceStack } from '../../runtime/resource-stack.ts';
import { ABSENT_PLUGINS } from './absent-plugins.ts';
import { PLUGIN_TYPES, type ServerPlugins, type ServerPluginType } from './plugin-types.ts';
import type { ServerPluginDeps } from './server-plugin-deps.ts';

/** Whether the word names a type of plugins that this server loads. */
export function isPluginType(type: string): type is ServerPluginType {
  return Object.hasOwn(PLUGIN_TYPES, type);
}

/** The plugins that have been opened so far, by type, in the order of the configuration. Closes those that can be closed. */
export class LoadedPlugins implements AsyncDisposable {
  readonly #plugins: { readonly [Type in ServerPluginType]: ServerPlugins[Type][] } = {
    BundlePublisher: [],
    CredentialComposer: [],
    KeyManager: [],
    NodeAttestor: [],
    Notifier: [],
    UpstreamAuthority: [],
  };
  readonly #externals: ExternalPlugin[] = [];
  readonly #resources = new ResourceStack();

  /** Opens the plugin that comes with the server. Errors: those of `openPlugin`. */
  async load<Type extends ServerPluginType>(type: Type, config: PluginConfig, deps: ServerPluginDeps): Promise<void> {
    const { builtIns } = PLUGIN_TYPES[type];
    const plugin: ServerPlugins[Type] = await openPlugin(builtIns, config, deps, deps.log, ABSENT_PLUGINS[type]);
    if (isDisposable(plugin)) this.#resources.use(plugin);
    this.#plugins[type].push(plugin);
  }

  /** Starts the program that a configuration names. Errors: those of `ExternalPlugin.open`. */
  async loadExternal<Type extends ServerPluginType>(
    type: Type,
    config: PluginConfig,
    deps: ExternalPluginDeps,
  ): Promise<void> {
    const { ExternalPlugin } = await import('../../catalog/external/external-plugin.ts');
    const { service, adapt } = await PLUGIN_TYPES[type].external();
    const plugin = this.#resources.use(await ExternalPlugin.open(config, service, deps));
    this.#externals.push(plugin);
    this.#plugins[type].push(adapt(plugin));
  }

  /** Those that are programs of their own. */
  get externals(): readonly ExternalPlugin[] {
    return this.#externals;
  }

  /** All of a type. */
  list<Type extends ServerPluginType>(type: Type): readonly ServerPlugins[Type][] {
    return this.#plugins[type];
  }

  /** Error: `invalid-config`, in SPIRE's words, where there are too few or too many of a type. */
  checkCounts(): void {
    for (const type of Object.keys(PLUGIN_TYPES).filter(isPluginType)) {
      checkCount(type, PLUGIN_TYPES[type].count, this.#plugins[type].length);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#resources.disposeAsync();
  }
}

function isDisposable(plugin: object): plugin is AsyncDisposable | Disposable {
  return Symbol.asyncDispose in plugin || Symbol.dispose in plugin;
}
