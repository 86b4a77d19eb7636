import { notLoaded, openPlugin, pluginLog } from '../../catalog/load-plugin.ts';
import { ConfigError } from '../../config/config-error.ts';
import { checkCount } from '../../config/section/plugin-count.ts';
import type { PluginConfig } from '../../config/section/plugins.ts';
import type { Clock } from '../../runtime/clock.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import { goQuote } from '../../runtime/go-quote.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { KeyManager } from '../plugin/keymanager/key-manager.ts';
import type { NodeAttestor } from '../plugin/nodeattestor/node-attestor.ts';
import type { WorkloadAttestor } from '../plugin/workloadattestor/workload-attestor.ts';
import { KEY_MANAGERS } from './key-manager.ts';
import { NODE_ATTESTORS } from './node-attestor.ts';
import type { PluginEnvironment } from './plugin-environment.ts';
import { WORKLOAD_ATTESTORS } from './workload-attestor.ts';

/** What {@link Catalog.open} needs. */
export interface CatalogOptions {
  /** In the order of the configuration, which is that of loading. */
  readonly plugins: readonly PluginConfig[];
  readonly clock: Clock;
  readonly log: Logger;
}

interface LoadedPlugins {
  readonly keyManagers: KeyManager[];
  readonly nodeAttestors: NodeAttestor[];
  readonly workloadAttestors: WorkloadAttestor[];
}

/** The plugins of an agent. */
export class Catalog implements Disposable {
  readonly keyManager: KeyManager;
  readonly nodeAttestor: NodeAttestor;
  /** At least one. */
  readonly workloadAttestors: readonly WorkloadAttestor[];
  readonly #log: Logger;
  readonly #pluginLogs: readonly Logger[];

  private constructor(loaded: LoadedPlugins, log: Logger, pluginLogs: readonly Logger[]) {
    this.keyManager = exactlyOne('KeyManager', loaded.keyManagers);
    this.nodeAttestor = exactlyOne('NodeAttestor', loaded.nodeAttestors);
    checkCount('WorkloadAttestor', { min: 1, max: Number.POSITIVE_INFINITY }, loaded.workloadAttestors.length);
    this.workloadAttestors = loaded.workloadAttestors;
    this.#log = log;
    this.#pluginLogs = pluginLogs;
  }

  /** Loads and configures all plugins. Errors: `invalid-config` in SPIRE's words, and what a plugin rejects with. */
  static async open(options: CatalogOptions): Promise<Catalog> {
    const { clock } = options;
    const loaded: LoadedPlugins = { keyManagers: [], nodeAttestors: [], workloadAttestors: [] };
    const pluginLogs: Logger[] = [];
    try {
      for (const config of options.plugins) {
        const log = pluginLog(options.log, config);
        if (!config.isEnabled) {
          log.debug('Not loading plugin; disabled');
          continue;
        }
        await load(config, { clock, log }, loaded);
        pluginLogs.push(log);
      }
      return new Catalog(loaded, options.log, pluginLogs);
    } catch (error) {
      for (const log of pluginLogs.reverse()) log.info('Plugin unloaded');
      throw error;
    }
  }

  /** Says so in the log; the built-in plugins hold nothing that would have to be closed. */
  [Symbol.dispose](): void {
    this.#log.debug('Closing catalog');
    for (const log of this.#pluginLogs.toReversed()) log.info('Plugin unloaded');
    this.#log.info('Catalog closed');
  }
}

async function load(config: PluginConfig, environment: PluginEnvironment, loaded: LoadedPlugins): Promise<void> {
  const { log } = environment;
  switch (config.type) {
    case 'KeyManager':
      loaded.keyManagers.push(await openPlugin(KEY_MANAGERS, config, environment, log));
      return;
    case 'NodeAttestor':
      loaded.nodeAttestors.push(await openPlugin(NODE_ATTESTORS, config, environment, log));
      return;
    case 'WorkloadAttestor':
      loaded.workloadAttestors.push(await openPlugin(WORKLOAD_ATTESTORS, config, environment, log));
      return;
    case 'SVIDStore':
      throw notLoaded(config, 'SVID stores are not supported', log);
    default:
      log.error('Unsupported plugin type');
      throw new ConfigError(`unsupported plugin type ${goQuote(config.type)}`);
  }
}

function exactlyOne<T>(type: string, plugins: readonly T[]): T {
  const [plugin] = plugins;
  checkCount(type, { min: 1, max: 1 }, plugins.length);
  if (plugin === undefined) throw new SpirekitError('internal', `no plugin of type ${goQuote(type)}`);
  return plugin;
}
