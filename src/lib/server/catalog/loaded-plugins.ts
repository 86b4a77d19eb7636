import type { ExternalPlugin } from '../../catalog/external/external-plugin.ts';
import type { ExternalPluginDeps } from '../../catalog/external/external-plugin-deps.ts';
import { getBuiltIn, openPlugin } from '../../catalog/load-plugin.ts';
import { PluginReloader } from '../../catalog/reload-plugin.ts';
import { settingsHash } from '../../catalog/settings-hash.ts';
import { checkCount } from '../../config/section/plugin-count.ts';
import type { PluginConfig } from '../../config/section/plugins.ts';
import type { LogFields } from '../../runtime/log-fields.ts';
import { ResourceStack } from '../../runtime/resource-stack.ts';
import { ABSENT_PLUGINS } from './absent-plugins.ts';
import { PLUGIN_TYPES, type ServerPlugins, type ServerPluginType } from './plugin-types.ts';
import type { ServerPluginDeps } from './server-plugin-deps.ts';

/** What can be told to read its settings again. Says in the log what came of it; never rejects. */
interface Reconfigurable {
  reconfigure(): Promise<void>;
}

/** The types whose plugins are asked for each time that they are needed, so that another can take their place. */
const RELOADABLE: ReadonlySet<ServerPluginType> = new Set<ServerPluginType>(['NodeAttestor']);

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
  readonly #reconfigurables: Reconfigurable[] = [];
  readonly #resources = new ResourceStack();

  /** Opens the plugin that comes with the server. Errors: those of `openPlugin`. */
  async load<Type extends ServerPluginType>(type: Type, config: PluginConfig, deps: ServerPluginDeps): Promise<void> {
    const { builtIns } = PLUGIN_TYPES[type];
    const { log } = deps;
    const isFromFile = config.data.kind === 'file';
    const isReloadable = isFromFile && RELOADABLE.has(type);
    let hash = '';
    const tellConfigured = (data: string): LogFields => {
      hash = settingsHash(data);
      return isReloadable ? { reconfigurable: true, hash } : { reconfigurable: false };
    };
    const plugin: ServerPlugins[Type] = await openPlugin(
      builtIns,
      config,
      deps,
      log,
      ABSENT_PLUGINS[type],
      tellConfigured,
    );
    this.#add(type, plugin);
    if (!isFromFile) return;
    if (!isReloadable) {
      this.#reconfigurables.push({
        reconfigure: async () => log.warn('Plugin not reconfigured: it reads its settings at start only'),
      });
      return;
    }
    const plugins: ServerPlugins[Type][] = this.#plugins[type];
    const place = plugins.indexOf(plugin);
    const builtIn = await getBuiltIn(builtIns, config, log);
    const replace = (fresh: ServerPlugins[Type]): void => {
      if (isDisposable(fresh)) this.#resources.use(fresh);
      plugins[place] = fresh;
    };
    this.#reconfigurables.push(new PluginReloader({ builtIn, config, deps, log, hash, replace }));
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
    this.#reconfigurables.push(plugin);
    this.#add(type, adapt(plugin));
  }

  /** Has plugins whose settings are in a file read them again, one after the other. */
  async reconfigure(): Promise<void> {
    for (const plugin of this.#reconfigurables) await plugin.reconfigure();
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

  #add<Type extends ServerPluginType>(type: Type, plugin: ServerPlugins[Type]): void {
    if (isDisposable(plugin)) this.#resources.use(plugin);
    this.#plugins[type].push(plugin);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#resources.disposeAsync();
  }
}

function isDisposable(plugin: object): plugin is AsyncDisposable | Disposable {
  return Symbol.asyncDispose in plugin || Symbol.dispose in plugin;
}
