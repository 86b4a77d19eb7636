import { openPlugin } from '../../catalog/load-plugin.ts';
import { checkCount } from '../../config/section/plugin-count.ts';
import type { PluginConfig } from '../../config/section/plugins.ts';
import { ResourceStack } from '../../runtime/resource-stack.ts';
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
  readonly #resources = new ResourceStack();

  /** Opens the plugin that a configuration names. Errors: those of `openPlugin`. */
  async load<Type extends ServerPluginType>(type: Type, config: PluginConfig, deps: ServerPluginDeps): Promise<void> {
    const plugin: ServerPlugins[Type] = await openPlugin(PLUGIN_TYPES[type].builtIns, config, deps, deps.log);
    if (isDisposable(plugin)) this.#resources.use(plugin);
    this.#plugins[type].push(plugin);
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
