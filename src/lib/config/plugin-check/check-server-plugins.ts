import { resolve } from 'node:path';
import { goQuote } from '../../runtime/go-quote.ts';
import { ConfigError } from '../config-error.ts';
import { readSmallFile } from '../file-access.ts';
import { MAX_TEXT_LENGTH } from '../hcl/parse.ts';
import { findCountFault, type PluginCount } from '../section/plugin-count.ts';
import { loadPluginData } from '../section/plugin-data.ts';
import type { PluginConfig } from '../section/plugins.ts';
import type { ServerConfig } from '../server/server-config.ts';
import { bundlePublisherChecks } from './bundle-publishers.ts';
import { findDataStoreFault } from './data-store.ts';
import { checkPluginProgram } from './external-program.ts';
import { keyManagerChecks } from './key-managers.ts';
import { nodeAttestorChecks } from './node-attestors.ts';
import { credentialComposerChecks, notifierChecks } from './other-plugins.ts';
import type { PluginCheck, PluginCheckContext } from './plugin-check.ts';
import { upstreamAuthorityChecks } from './upstream-authorities.ts';

/** How many plugins of a type there must be, and what their settings are checked with. */
interface PluginType extends PluginCount {
  readonly builtIns: Readonly<Record<string, PluginCheck>>;
}

/** All types of plugins of SPIRE 1.15.3's server with all its built-in plugins; some exist only there. */
export const CHECKED_PLUGIN_TYPES: Readonly<Record<string, PluginType>> = {
  BundlePublisher: { min: 0, max: Number.POSITIVE_INFINITY, builtIns: bundlePublisherChecks },
  CredentialComposer: { min: 0, max: Number.POSITIVE_INFINITY, builtIns: credentialComposerChecks },
  KeyManager: { min: 1, max: 1, builtIns: keyManagerChecks },
  NodeAttestor: { min: 0, max: Number.POSITIVE_INFINITY, builtIns: nodeAttestorChecks },
  Notifier: { min: 0, max: Number.POSITIVE_INFINITY, builtIns: notifierChecks },
  UpstreamAuthority: { min: 0, max: 1, builtIns: upstreamAuthorityChecks },
};

/** What the checks need beside the configuration. */
export interface CheckPluginsOptions {
  /** Folder that relative paths start from. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Checks the settings of a server's plugins without starting any.
 *
 * @returns for each plugin or plugin type that has a fault the sentences about it, by name in order; empty if all is well
 * @throws {ConfigError} code `invalid-config` when a plugin cannot be loaded at all
 */
export async function checkServerPlugins(
  config: Pick<ServerConfig, 'plugins'>,
  options: CheckPluginsOptions,
): Promise<ReadonlyMap<string, readonly string[]>> {
  refuseForeignJoinToken(config.plugins);
  const notes = new Map<string, readonly string[]>();
  const add = (name: string, lines: readonly string[]): void => {
    if (lines.length > 0) notes.set(name, [...(notes.get(name) ?? []), ...lines]);
  };
  const isDataStore = ({ type }: PluginConfig): boolean => type === 'DataStore';
  add('DataStore "sql"', await checkDataStore(config.plugins.find(isDataStore), options));
  const counts = new Map<string, number>();
  for (const plugin of config.plugins.filter((candidate) => !isDataStore(candidate))) {
    const type = Object.hasOwn(CHECKED_PLUGIN_TYPES, plugin.type) ? CHECKED_PLUGIN_TYPES[plugin.type] : undefined;
    if (type === undefined) throw new ConfigError(`unsupported plugin type ${goQuote(plugin.type)}`);
    if (!plugin.isEnabled) continue;
    const lines = await checkPlugin(plugin, type, options);
    add(`${plugin.type} "${plugin.name}"`, lines.notes);
    if (lines.isCounted) counts.set(plugin.type, (counts.get(plugin.type) ?? 0) + 1);
  }
  for (const [name, type] of Object.entries(CHECKED_PLUGIN_TYPES)) {
    const fault = findCountFault(type, counts.get(name) ?? 0);
    if (fault !== undefined) add(name, [`constraint not satisfied: ${fault}`]);
  }
  return new Map([...notes].sort(([one], [other]) => (one < other ? -1 : 1)));
}

function refuseForeignJoinToken(plugins: readonly PluginConfig[]): void {
  const isForeign = ({ type, name, isEnabled, cmd }: PluginConfig): boolean =>
    type === 'NodeAttestor' && name === 'join_token' && isEnabled && cmd !== undefined;
  if (plugins.some(isForeign)) {
    throw new ConfigError('the built-in join_token node attestor cannot be overridden by an external plugin');
  }
}

async function checkDataStore(plugin: PluginConfig | undefined, options: CheckPluginsOptions): Promise<string[]> {
  if (plugin === undefined) return ["'datastore' must be configured"];
  try {
    const fault = findDataStoreFault(await loadPluginData(plugin.data, options));
    // SPIRE tells it twice: as the failure and as a note.
    return fault === undefined ? [] : [fault, fault];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(`failed to get DataStore configuration: ${error.message}`, { cause: error });
  }
}

async function checkPlugin(
  plugin: PluginConfig,
  type: PluginType,
  options: CheckPluginsOptions,
): Promise<{ readonly notes: readonly string[]; readonly isCounted: boolean }> {
  const check = await findCheck(plugin, type, options).catch((error: unknown) => {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(`failed to load plugin ${goQuote(plugin.name)}: ${error.message}`, { cause: error });
  });
  let hcl: string;
  try {
    hcl = await loadPluginData(plugin.data, options);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { notes: [`failed to read plugin configuration: ${error.message}`], isCounted: false };
  }
  return { notes: check === undefined ? [] : await check(hcl, contextOf(options)), isCounted: true };
}

/** Undefined for an external plugin, which alone knows its settings. */
async function findCheck(
  plugin: PluginConfig,
  type: PluginType,
  options: CheckPluginsOptions,
): Promise<PluginCheck | undefined> {
  if (plugin.cmd !== undefined) {
    await checkPluginProgram(resolve(options.cwd, plugin.cmd), plugin.checksum, options.signal);
    return undefined;
  }
  const check = Object.hasOwn(type.builtIns, plugin.name) ? type.builtIns[plugin.name] : undefined;
  if (check !== undefined) return check;
  throw new ConfigError(`no built-in plugin ${goQuote(plugin.name)} for type ${goQuote(plugin.type)}`);
}

function contextOf({ cwd, env, signal }: CheckPluginsOptions): PluginCheckContext {
  return { env, readFile: (path) => readSmallFile(resolve(cwd, path), path, { limit: MAX_TEXT_LENGTH, signal }) };
}
