import type { BuiltInPlugins } from '../../catalog/built-in-plugin.ts';
import type { ExternalPlugin } from '../../catalog/external/external-plugin.ts';
import type { ExternalPluginType } from '../../catalog/external/external-type.ts';
import { hostService } from '../../catalog/external/host-service.ts';
import { notLoaded, openPlugin, pluginLog } from '../../catalog/load-plugin.ts';
import { ConfigError } from '../../config/config-error.ts';
import { checkCount } from '../../config/section/plugin-count.ts';
import type { PluginConfig } from '../../config/section/plugins.ts';
import type { Clock } from '../../runtime/clock.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import { goQuote } from '../../runtime/go-quote.ts';
import type { Logger } from '../../runtime/logger.ts';
import { ResourceStack } from '../../runtime/resource-stack.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
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
  readonly trustDomain: TrustDomain;
  readonly metrics: Metrics;
  /** What external plugins are started with. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends the opening. */
  readonly signal: AbortSignal;
}

interface LoadedPlugins {
  readonly keyManagers: KeyManager[];
  readonly nodeAttestors: NodeAttestor[];
  readonly workloadAttestors: WorkloadAttestor[];
  readonly externals: ExternalPlugin[];
}

/** The plugins of an agent. */
export class Catalog implements AsyncDisposable {
  readonly keyManager: KeyManager;
  readonly nodeAttestor: NodeAttestor;
  /** At least one. */
  readonly workloadAttestors: readonly WorkloadAttestor[];
  readonly #externals: readonly ExternalPlugin[];
  readonly #log: Logger;
  readonly #resources: ResourceStack;

  private constructor(loaded: LoadedPlugins, log: Logger, resources: ResourceStack) {
    this.keyManager = exactlyOne('KeyManager', loaded.keyManagers);
    this.nodeAttestor = exactlyOne('NodeAttestor', loaded.nodeAttestors);
    this.workloadAttestors = loaded.workloadAttestors;
    this.#externals = loaded.externals;
    this.#log = log;
    this.#resources = resources;
  }

  /** Loads and configures all plugins. Errors: `invalid-config` in SPIRE's words, and what a plugin rejects with. */
  static async open(options: CatalogOptions): Promise<Catalog> {
    const loaded: LoadedPlugins = { keyManagers: [], nodeAttestors: [], workloadAttestors: [], externals: [] };
    await using opened = new ResourceStack();
    for (const config of options.plugins) {
      const log = pluginLog(options.log, config);
      if (config.isEnabled) await load(config, { ...options, log }, loaded, opened);
      else log.debug('Not loading plugin; disabled');
    }
    checkCounts(loaded);
    return new Catalog(loaded, options.log, opened.move());
  }

  /** Has plugins whose settings are in a file read them again. Says in the log what came of it; never rejects. */
  async reconfigure(): Promise<void> {
    this.#log.info('Reconfigure signal received');
    for (const plugin of this.#externals) await plugin.reconfigure();
  }

  /** Ends the external plugins; the others hold nothing that would have to be closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#log.debug('Closing catalog');
    await this.#resources.disposeAsync();
    this.#log.info('Catalog closed');
  }
}

/** One type of plugins. */
interface PluginType<Plugin> {
  readonly builtIns: BuiltInPlugins<PluginEnvironment, Plugin>;
  readonly external: () => Promise<ExternalPluginType<Plugin>>;
  readonly loaded: Plugin[];
}

async function load(
  config: PluginConfig,
  options: CatalogOptions,
  loaded: LoadedPlugins,
  opened: ResourceStack,
): Promise<void> {
  const { log } = options;
  const add = <Plugin>(type: PluginType<Plugin>): Promise<void> => addPlugin(type, config, options, loaded, opened);
  switch (config.type) {
    case 'KeyManager':
      if (config.cmd !== undefined) {
        throw notLoaded(
          config,
          'an agent needs the key of its SVID in its own process, for TLS: external key managers cannot be used (plugin_cmd)',
          log,
        );
      }
      loaded.keyManagers.push(await openPlugin(KEY_MANAGERS, config, options, log));
      opened.defer(() => log.info('Plugin unloaded'));
      return;
    case 'NodeAttestor':
      return add({
        builtIns: NODE_ATTESTORS,
        external: async () =>
          (await import('../plugin/nodeattestor/external/external-node-attestor.ts')).externalNodeAttestor,
        loaded: loaded.nodeAttestors,
      });
    case 'WorkloadAttestor':
      return add({
        builtIns: WORKLOAD_ATTESTORS,
        external: async () =>
          (await import('../plugin/workloadattestor/external/external-workload-attestor.ts')).externalWorkloadAttestor,
        loaded: loaded.workloadAttestors,
      });
    case 'SVIDStore':
      throw notLoaded(config, 'SVID stores are not supported', log);
    default:
      log.error('Unsupported plugin type');
      throw new ConfigError(`unsupported plugin type ${goQuote(config.type)}`);
  }
}

async function addPlugin<Plugin>(
  type: PluginType<Plugin>,
  config: PluginConfig,
  options: CatalogOptions,
  { externals }: LoadedPlugins,
  opened: ResourceStack,
): Promise<void> {
  if (config.cmd === undefined) {
    type.loaded.push(await openPlugin(type.builtIns, config, options, options.log));
    opened.defer(() => options.log.info('Plugin unloaded'));
    return;
  }
  const { ExternalPlugin } = await import('../../catalog/external/external-plugin.ts');
  const { metricsHostService } = await import('../../telemetry/metrics-host-service.ts');
  const { MetricsDefinition } = await import('../../wire/gen/spire/hostservice/common/metrics/v1/metrics.ts');
  const { service, adapt } = await type.external();
  const { metrics } = options;
  const plugin = await ExternalPlugin.open(config, service, {
    ...options,
    hostServices: [hostService(MetricsDefinition, metricsHostService(options))],
    onExit: ({ name, type }) =>
      metrics.incrementCounter(['catalog', 'plugin_exit'], { plugin_name: name, plugin_type: type }),
  });
  externals.push(opened.use(plugin));
  type.loaded.push(adapt(plugin));
}

function checkCounts({ keyManagers, nodeAttestors, workloadAttestors }: LoadedPlugins): void {
  checkCount('KeyManager', { min: 1, max: 1 }, keyManagers.length);
  checkCount('NodeAttestor', { min: 1, max: 1 }, nodeAttestors.length);
  checkCount('WorkloadAttestor', { min: 1, max: Number.POSITIVE_INFINITY }, workloadAttestors.length);
}

function exactlyOne<T>(type: string, plugins: readonly T[]): T {
  const [plugin] = plugins;
  if (plugin === undefined) throw new SpirekitError('internal', `no plugin of type ${goQuote(type)}`);
  return plugin;
}
