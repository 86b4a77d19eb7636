import { ConfigError } from '../config/config-error.ts';
import { loadPluginData } from '../config/section/plugin-data.ts';
import type { PluginConfig } from '../config/section/plugins.ts';
import { prefixed } from '../runtime/errors.ts';
import type { Logger } from '../runtime/logger.ts';
import type { BuiltInPlugin } from './built-in-plugin.ts';
import { settingsHash } from './settings-hash.ts';

/** Makes a plugin anew, that comes with a daemon, each time the file with its settings has changed. */
export class PluginReloader<Deps, Plugin> {
  readonly #builtIn: BuiltInPlugin<Deps, Plugin>;
  readonly #config: PluginConfig;
  readonly #deps: Deps;
  readonly #log: Logger;
  readonly #replace: (plugin: Plugin) => void;
  #hash: string;

  /** @param replace puts the new one in the place of the old one */
  constructor(options: {
    readonly builtIn: BuiltInPlugin<Deps, Plugin>;
    readonly config: PluginConfig;
    readonly deps: Deps;
    readonly log: Logger;
    readonly hash: string;
    readonly replace: (plugin: Plugin) => void;
  }) {
    this.#builtIn = options.builtIn;
    this.#config = options.config;
    this.#deps = options.deps;
    this.#log = options.log;
    this.#hash = options.hash;
    this.#replace = options.replace;
  }

  /** Says in the log what came of it, in SPIRE's words; never rejects. What cannot be used leaves the old one in place. */
  async reconfigure(): Promise<void> {
    try {
      const data = await loadPluginData(this.#config.data).catch((error: unknown) => {
        throw prefixed('failed to load plugin data', error);
      });
      const hash = settingsHash(data);
      if (hash === this.#hash) {
        this.#log.info('Plugin not reconfigured since the config is unchanged', { hash });
        return;
      }
      const [reason] = this.#builtIn.validate?.(data) ?? [];
      if (reason !== undefined) throw new ConfigError(`rpc error: code = InvalidArgument desc = ${reason}`);
      this.#replace(await this.#builtIn.open(data, this.#deps));
      this.#log.info('Plugin reconfigured', { old_hash: this.#hash, new_hash: hash });
      this.#hash = hash;
    } catch (error) {
      this.#log.error('Failed to reconfigure plugin', { error });
    }
  }
}
