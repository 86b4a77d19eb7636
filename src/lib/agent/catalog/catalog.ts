import { readFile } from 'node:fs/promises';
import { ConfigError } from '../../config/config-error.ts';
import type { PluginConfig } from '../../config/section/plugins.ts';
import type { Clock } from '../../runtime/clock.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { KeyManager } from '../plugin/keymanager/key-manager.ts';
import type { NodeAttestor } from '../plugin/nodeattestor/node-attestor.ts';
import type { WorkloadAttestor } from '../plugin/workloadattestor/workload-attestor.ts';
import type { BuiltIns, PluginEnvironment } from './built-in.ts';
import { KEY_MANAGERS } from './key-manager.ts';
import { NODE_ATTESTORS } from './node-attestor.ts';
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
    if (loaded.workloadAttestors.length === 0) throw unsatisfied('WorkloadAttestor', 'expected at least 1 but got 0');
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
        const log = options.log.with({
          plugin_name: config.name,
          plugin_type: config.type,
          external: config.cmd !== undefined,
        });
        if (!config.isEnabled) {
          log.debug('Not loading plugin; disabled');
          continue;
        }
        await load(config, { clock, log }, loaded);
        log.info('Plugin loaded');
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
  switch (config.type) {
    case 'KeyManager':
      loaded.keyManagers.push(await open(config, environment, KEY_MANAGERS));
      return;
    case 'NodeAttestor':
      loaded.nodeAttestors.push(await open(config, environment, NODE_ATTESTORS));
      return;
    case 'WorkloadAttestor':
      loaded.workloadAttestors.push(await open(config, environment, WORKLOAD_ATTESTORS));
      return;
    case 'SVIDStore':
      throw notLoaded(config, environment.log, 'SVID stores are not supported');
    default:
      environment.log.error('Unsupported plugin type');
      throw new ConfigError(`unsupported plugin type "${config.type}"`);
  }
}

async function open<T>(config: PluginConfig, environment: PluginEnvironment, builtIns: BuiltIns<T>): Promise<T> {
  const { log } = environment;
  if (config.cmd !== undefined) throw notLoaded(config, log, 'external plugins are not supported');
  const builtIn = builtIns.get(config.name);
  if (builtIn === undefined) {
    const known = [...builtIns.keys()].sort().join(', ');
    throw notLoaded(config, log, `no built-in plugin "${config.name}" for type "${config.type}" (there are: ${known})`);
  }
  try {
    const hcl = await readData(config);
    if (!builtIn.isConfigurable) {
      if (hcl.trim() !== '') throw new ConfigError('no supported configuration interface found');
      return await builtIn.open(environment);
    }
    const plugin = await builtIn.open(environment, hcl);
    log.info('Configured plugin', { reconfigurable: false });
    return plugin;
  } catch (cause) {
    log.error('Failed to configure plugin', { error: cause });
    const error = SpirekitError.from(cause);
    throw new SpirekitError(error.code, `failed to configure plugin "${config.name}": ${error.message}`, { cause });
  }
}

async function readData({ data }: PluginConfig): Promise<string> {
  switch (data.kind) {
    case 'none':
      return '';
    case 'fixed':
      return data.hcl;
    case 'file':
      try {
        return await readFile(data.path, 'utf8');
      } catch (cause) {
        const reason = SpirekitError.from(cause).message;
        throw new SpirekitError('io-error', `failed to load plugin data: ${reason}`, { cause });
      }
  }
}

function exactlyOne<T>(type: string, [plugin, ...others]: readonly T[]): T {
  if (plugin !== undefined && others.length === 0) return plugin;
  throw unsatisfied(type, `expected exactly 1 but got ${plugin === undefined ? 0 : others.length + 1}`);
}

function unsatisfied(type: string, reason: string): ConfigError {
  return new ConfigError(`plugin type "${type}" constraint not satisfied: ${reason}`);
}

function notLoaded(config: PluginConfig, log: Logger, reason: string): ConfigError {
  const error = new ConfigError(reason);
  log.error('Failed to load plugin', { error });
  return new ConfigError(`failed to load plugin "${config.name}": ${reason}`, { cause: error });
}
