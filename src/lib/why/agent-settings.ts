import { readFile, readlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { agentFileSchema } from '../config/agent/agent-schema.ts';
import { readConfigFile } from '../config/config-file.ts';
import { block } from '../config/schema/block.ts';
import { bool, int } from '../config/schema/scalars.ts';
import { decodeText } from '../config/schema/schema.ts';
import { loadPluginData } from '../config/section/plugin-data.ts';
import { type PluginConfig, resolvePlugins } from '../config/section/plugins.ts';
import { nanosecondsToMs, parseGoDuration } from '../runtime/go-duration.ts';
import type { AgentSettings } from './facts.ts';
import { parseRunArguments, type RunArguments } from './run-arguments.ts';

/** What an agent's file says, and what of it leads to the agent itself. */
export interface AgentConfiguration extends AgentSettings {
  /** Absolute; undefined if the agent has none. */
  readonly adminSocketPath: string | undefined;
  /** Absolute. */
  readonly dataDir: string;
}

/** Where an agent's file is, and what its paths are relative to. */
export interface AgentFile extends RunArguments {
  readonly cwd: string;
}

const unixSchema = block({ discover_workload_path: bool(), workload_size_limit: int() });
const DEFAULT_CONFIG = 'conf/agent/agent.conf';
const DEFAULT_SYNC_INTERVAL_MS = 5_000;

/** The file that a running agent was started with; undefined where its command line may not be read or tells nothing. */
export async function findAgentFile(pid: number): Promise<AgentFile | undefined> {
  try {
    const [commandLine, cwd] = await Promise.all([
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
      readlink(`/proc/${pid}/cwd`).catch(() => undefined),
    ]);
    const found = parseRunArguments(commandLine.split('\0').filter((word) => word !== ''));
    if (found === undefined) return undefined;
    const config = found.config === '' ? DEFAULT_CONFIG : found.config;
    // Without its working folder only an absolute path leads anywhere.
    return cwd === undefined && resolve('/', config) !== config ? undefined : { ...found, config, cwd: cwd ?? '/' };
  } catch {
    return undefined;
  }
}

/**
 * Reads an agent's configuration file.
 *
 * @throws SpirekitError `invalid-config`
 */
export async function readAgentSettings(
  { config, cwd, dataDir, expandEnv }: AgentFile,
  options: { readonly env: Readonly<Record<string, string | undefined>>; readonly signal?: AbortSignal | undefined },
): Promise<AgentConfiguration> {
  const { value, report } = await readConfigFile(config, agentFileSchema, { flags: { expandEnv }, cwd, ...options });
  const { agent } = value;
  const attestors = (value.plugins === undefined ? [] : resolvePlugins(value.plugins, report)).filter(
    ({ type, isEnabled }) => type === 'WorkloadAttestor' && isEnabled,
  );
  const unix = attestors.find(({ name }) => name === 'unix');
  const unixSettings = unix === undefined ? undefined : await readUnixSettings(unix, cwd, options.signal);
  const interval = agent.experimental.sync_interval;
  return {
    source: resolve(cwd, config),
    attestors: new Set(attestors.map(({ name }) => name)),
    discoversPath: unixSettings?.discover_workload_path ?? false,
    sizeLimitBytes: unixSettings?.workload_size_limit ?? 0,
    syncIntervalMs: interval === '' ? DEFAULT_SYNC_INTERVAL_MS : nanosecondsToMs(parseGoDuration(interval)),
    adminSocketPath: agent.admin_socket_path === '' ? undefined : resolve(cwd, agent.admin_socket_path),
    dataDir: join(resolve(cwd, dataDir || agent.data_dir || '.')),
  };
}

async function readUnixSettings(
  unix: PluginConfig,
  cwd: string,
  signal: AbortSignal | undefined,
): Promise<{ discover_workload_path: boolean; workload_size_limit: number }> {
  return decodeText(unixSchema, await loadPluginData(unix.data, { cwd, signal }));
}
