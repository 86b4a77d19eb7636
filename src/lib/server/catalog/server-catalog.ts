import type { ExternalPluginDeps } from '../../catalog/external/external-plugin-deps.ts';
import { getBuiltIn, pluginLog } from '../../catalog/load-plugin.ts';
import { loadPluginData } from '../../config/section/plugin-data.ts';
import type { PluginConfig } from '../../config/section/plugins.ts';
import type { Clock } from '../../runtime/clock.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logger.ts';
import { ResourceStack } from '../../runtime/resource-stack.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { ServerSvid } from '../ca/server-svid.ts';
import { countDataStore } from '../datastore/counted-datastore.ts';
import type { DataStore } from '../datastore/datastore.ts';
import type { BundlePublisher } from '../plugin/bundlepublisher/bundle-publisher.ts';
import type { CredentialComposer } from '../plugin/credentialcomposer/credential-composer.ts';
import { countKeyManager } from '../plugin/keymanager/counted-key-manager.ts';
import type { KeyManager } from '../plugin/keymanager/key-manager.ts';
import type { NodeAttestor, NodeAttestorCatalog } from '../plugin/nodeattestor/node-attestor.ts';
import type { Notifier } from '../plugin/notifier/notifier.ts';
import type { UpstreamAuthority } from '../plugin/upstreamauthority/upstream-authority.ts';
import { isPluginType, LoadedPlugins } from './loaded-plugins.ts';
import { DATASTORE_TYPE } from './plugin-types.ts';

/** What plugins are made from. */
export interface ServerCatalogDeps {
  readonly plugins: readonly PluginConfig[];
  readonly trustDomain: TrustDomain;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** The log of the server itself; lines of the catalog name their subsystem. */
  readonly log: Logger;
  /** What external plugins are started with. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
}

/** An external plugin that cannot be called. */
export interface PluginTrouble {
  readonly name: string;
  readonly type: string;
  readonly trouble: string;
}

/** The plugins of a running server. */
export class ServerCatalog implements NodeAttestorCatalog, AsyncDisposable {
  readonly datastore: DataStore;
  readonly keyManager: KeyManager;
  readonly #plugins: LoadedPlugins;
  readonly #identity: LateIdentity;
  readonly #log: Logger;
  #reconfiguring: Promise<void> = Promise.resolve();

  private constructor(
    datastore: DataStore,
    keyManager: KeyManager,
    plugins: LoadedPlugins,
    identity: LateIdentity,
    log: Logger,
  ) {
    this.datastore = datastore;
    this.keyManager = keyManager;
    this.#plugins = plugins;
    this.#identity = identity;
    this.#log = log;
  }

  /**
   * Opens the datastore, then the other plugins in the order of the configuration. Errors: `invalid-config` in SPIRE's
   * words, and what a plugin throws.
   */
  static async open(deps: ServerCatalogDeps): Promise<ServerCatalog> {
    const log = deps.log.with({ subsystem_name: 'catalog' });
    await using opened = new ResourceStack();
    const datastore = opened.use(await openDatastore(deps, log));
    const plugins = opened.use(new LoadedPlugins());
    const identity: LateIdentity = { findSvid: () => undefined };
    const loading = { ...deps, datastore, loaded: plugins, identity, log };
    for (const config of deps.plugins) {
      if (config.type !== DATASTORE_TYPE.name) await loadPlugin(config, loading);
    }
    plugins.checkCounts();
    const [keyManager] = plugins.list('KeyManager');
    if (keyManager === undefined) throw new SpirekitError('internal', 'no key manager was opened');
    opened.move();
    return new ServerCatalog(datastore, countKeyManager(keyManager, deps), plugins, identity, log);
  }

  /** Undefined for a server whose CAs are roots. */
  get upstreamAuthority(): UpstreamAuthority | undefined {
    return this.#plugins.list('UpstreamAuthority')[0];
  }

  get bundlePublishers(): readonly BundlePublisher[] {
    return this.#plugins.list('BundlePublisher');
  }

  get credentialComposers(): readonly CredentialComposer[] {
    return this.#plugins.list('CredentialComposer');
  }

  get notifiers(): readonly Notifier[] {
    return this.#plugins.list('Notifier');
  }

  findNodeAttestor(name: string): NodeAttestor | undefined {
    return this.#plugins.list('NodeAttestor').find((attestor) => attestor.name === name);
  }

  /** From now on plugins that ask for the server's own identity get this one. */
  provideIdentity(findSvid: () => ServerSvid): void {
    this.#identity.findSvid = findSvid;
  }

  /** Has plugins whose settings are in a file read them again. Says in the log what came of it; never rejects. */
  async reconfigure(): Promise<void> {
    this.#log.info('Reconfigure signal received');
    // Signals that come meanwhile are heard in turn.
    this.#reconfiguring = this.#reconfiguring.then(() => this.#plugins.reconfigure());
    await this.#reconfiguring;
  }

  /** The external plugins that cannot be called at present, with the reason. */
  get troubles(): readonly PluginTrouble[] {
    return this.#plugins.externals.flatMap(({ name, type, trouble }) =>
      trouble === undefined ? [] : [{ name, type, trouble }],
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using closing = new ResourceStack();
    closing.defer(() => this.#log.info('DataStore closed'));
    closing.use(this.datastore);
    closing.defer(() => this.#log.info('Catalog closed'));
    closing.use(this.#plugins);
  }
}

/** Plugins are loaded before the server has an identity. */
interface LateIdentity {
  findSvid: () => ServerSvid | undefined;
}

interface Loading extends ServerCatalogDeps {
  readonly datastore: DataStore;
  readonly loaded: LoadedPlugins;
  readonly identity: LateIdentity;
}

async function loadPlugin(config: PluginConfig, loading: Loading): Promise<void> {
  const { loaded, datastore, trustDomain, clock, signal } = loading;
  const { type, name } = config;
  const log = pluginLog(loading.log, config);
  if (!isPluginType(type)) {
    log.error('Unsupported plugin type');
    throw new SpirekitError('invalid-config', `unsupported plugin type ${JSON.stringify(type)}`);
  }
  if (!config.isEnabled) {
    log.debug('Not loading plugin; disabled');
    return;
  }
  if (config.cmd === undefined) {
    const { joinTokens, bundles } = datastore;
    await loaded.load(type, config, { trustDomain, clock, joinTokens, bundles, signal, log });
    return;
  }
  if (type === 'NodeAttestor' && name === 'join_token') {
    throw new SpirekitError(
      'invalid-config',
      'the built-in join_token node attestor cannot be overridden by an external plugin',
    );
  }
  await loaded.loadExternal(type, config, await externalDeps(loading, log));
}

async function externalDeps(
  { trustDomain, datastore, identity, metrics, clock, signal, env }: Loading,
  log: Logger,
): Promise<ExternalPluginDeps> {
  const { serverHostServices } = await import('../hostservice/host-services.ts');
  const findSvid = (): ServerSvid | undefined => identity.findSvid();
  return {
    trustDomain,
    hostServices: serverHostServices({ trustDomain, datastore, findSvid, metrics, clock }),
    env,
    clock,
    log,
    signal,
    onExit: ({ name, type }) =>
      metrics.incrementCounter(['catalog', 'plugin_exit'], { plugin_name: name, plugin_type: type }),
  };
}

async function openDatastore(deps: ServerCatalogDeps, log: Logger): Promise<DataStore> {
  const [config, ...others] = deps.plugins.filter((plugin) => plugin.type === DATASTORE_TYPE.name);
  if (config === undefined) throw new SpirekitError('invalid-config', 'expecting a DataStore plugin');
  if (others.length > 0) throw new SpirekitError('invalid-config', 'only one DataStore plugin is allowed');
  if (config.name !== 'sql' || config.cmd !== undefined) {
    throw new SpirekitError(
      'invalid-config',
      'pluggability for the DataStore is deprecated; only the built-in "sql" plugin is supported',
    );
  }
  const plugin = await getBuiltIn(DATASTORE_TYPE.builtIns, config, log);
  const datastore = await plugin.open(await loadPluginData(config.data, { signal: deps.signal }), {
    clock: deps.clock,
    log: deps.log.with({ subsystem_name: 'sql' }),
    signal: deps.signal,
  });
  log.info('Configured DataStore', { reconfigurable: false });
  return countDataStore(datastore, deps);
}
