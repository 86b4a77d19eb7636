import { ConfigError } from '../../config/config-error.ts';
import { loadPluginData } from '../../config/section/plugin-data.ts';
import type { PluginDataSource } from '../../config/section/plugins.ts';
import type { RpcClient } from '../../rpc/client.ts';
import { prefixed } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logger.ts';
import { ConfigDefinition } from '../../wire/gen/spire/service/common/config/v1/config.ts';
import { settingsHash } from '../settings-hash.ts';

/** How long a plugin may take to configure itself. SPIRE waits for ever. */
export const CONFIGURE_TIMEOUT_MS = 60_000;

/** Settings of a plugin, and whether it has them in force already. */
export class PluginSettings {
  readonly #source: PluginDataSource;
  readonly #trustDomain: string;
  readonly #log: Logger;
  #hash = '';

  constructor(source: PluginDataSource, trustDomain: string, log: Logger) {
    this.#source = source;
    this.#trustDomain = trustDomain;
    this.#log = log;
  }

  /**
   * Brings the settings into force in a plugin that has just been started.
   *
   * Errors: `invalid-config` for settings where there can be none or that cannot be read, and what the plugin answers.
   */
  async configure(
    client: RpcClient,
    serviceNames: readonly string[],
    options: { readonly signal: AbortSignal | undefined },
  ): Promise<void> {
    if (!serviceNames.includes(ConfigDefinition.fullName)) {
      if (this.#source.kind === 'none') return;
      throw new ConfigError('no supported configuration interface found');
    }
    const data = await this.#load();
    await this.#send(client, data, options.signal);
    this.#hash = settingsHash(data);
    const isDynamic = this.#source.kind === 'file';
    this.#log.info('Configured plugin', { reconfigurable: isDynamic, ...(isDynamic && { hash: this.#hash }) });
  }

  /** Reads settings that are in a file again. Says in the log what came of it, in SPIRE's words; never rejects. */
  async reconfigure(client: RpcClient): Promise<void> {
    if (this.#source.kind !== 'file' || this.#hash === '') return;
    try {
      const data = await this.#load();
      const hash = settingsHash(data);
      if (hash === this.#hash) {
        this.#log.info('Plugin not reconfigured since the config is unchanged', { hash });
        return;
      }
      await this.#send(client, data, undefined);
      this.#log.info('Plugin reconfigured', { old_hash: this.#hash, new_hash: hash });
      this.#hash = hash;
    } catch (error) {
      this.#log.error('Failed to reconfigure plugin', { error });
    }
  }

  async #load(): Promise<string> {
    try {
      return await loadPluginData(this.#source);
    } catch (error) {
      throw prefixed('failed to load plugin data', error);
    }
  }

  async #send(client: RpcClient, hclConfiguration: string, signal: AbortSignal | undefined): Promise<void> {
    const coreConfiguration = { trustDomain: this.#trustDomain };
    await client.unary(
      ConfigDefinition,
      'configure',
      { coreConfiguration, hclConfiguration },
      { timeoutMs: CONFIGURE_TIMEOUT_MS, signal },
    );
  }
}
