import { access, constants } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AGENT_FLAGS } from '../config/agent/agent-flags.ts';
import { loadAgentConfig } from '../config/agent/load-agent-config.ts';
import { ConfigError } from '../config/config-error.ts';
import { defaultFlagValues } from '../config/config-flag.ts';
import { loadServerConfig } from '../config/server/load-server-config.ts';
import { SERVER_FLAGS } from '../config/server/server-flags.ts';
import { errnoOf, ioReason } from '../runtime/io-reason.ts';
import { openAgentFiles } from './agent-files.ts';
import { type DaemonProcess, findListener } from './daemon-process.ts';
import type { AgentPatient, FoundConfig, ServerPatient } from './patient.ts';
import { ServerContents } from './server-contents.ts';
import type { Surroundings } from './surroundings.ts';

/** Whom to look at. */
export interface PatientOptions {
  readonly socketPath: string;
  /** Undefined: the one that the configuration names. Of agents only. */
  readonly adminSocketPath?: string | undefined;
  /** Undefined: the one that the running daemon was started with. */
  readonly configPath: string | undefined;
  readonly surroundings: Surroundings;
}

/** Finds out all that can be known of an agent before the first look. Errors: none but the signal's reason. */
export async function openAgentPatient(options: PatientOptions): Promise<AgentPatient> {
  const { surroundings, socketPath } = options;
  const process = await findListener(socketPath, surroundings);
  const start = configStart(options, process);
  const config = await findConfig(start, (path) =>
    loadAgentConfig({
      flags: { ...defaultFlagValues(AGENT_FLAGS), ...overrides(AGENT_FLAGS, process), config: path },
      env: surroundings.env,
      cwd: start.cwd,
      signal: surroundings.signal,
    }),
  );
  const value = config.kind === 'valid' ? config.value : undefined;
  const dataDir = value === undefined ? undefined : resolve(start.cwd, value.dataDir);
  return {
    kind: 'agent',
    surroundings,
    socketPath,
    adminSocketPath: options.adminSocketPath ?? value?.adminSocketPath,
    process,
    config,
    dataDir,
    files: dataDir === undefined ? undefined : await openAgentFiles(dataDir),
  };
}

/** The same for a server. Whoever gets it disposes of its contents. */
export async function openServerPatient(options: PatientOptions): Promise<ServerPatient> {
  const { surroundings, socketPath } = options;
  const process = await findListener(socketPath, surroundings);
  const start = configStart(options, process);
  const config = await findConfig(start, (path) =>
    loadServerConfig({
      flags: { ...defaultFlagValues(SERVER_FLAGS), ...overrides(SERVER_FLAGS, process), config: path },
      env: surroundings.env,
      cwd: start.cwd,
      signal: surroundings.signal,
    }),
  );
  const dataDir = config.kind === 'valid' ? resolve(start.cwd, config.value.dataDir) : undefined;
  const contents = new ServerContents(socketPath, surroundings);
  return { kind: 'server', surroundings, socketPath, process, config, dataDir, contents };
}

interface ConfigStart {
  readonly path: string | undefined;
  /** Relative paths in it start here. */
  readonly cwd: string;
}

/** The flag, else what the running daemon was started with. */
function configStart({ configPath, surroundings }: PatientOptions, process: DaemonProcess | undefined): ConfigStart {
  const cwd = process?.workingFolder ?? surroundings.cwd;
  if (configPath !== undefined) return { path: resolve(surroundings.cwd, configPath), cwd };
  const named = process?.arguments.flags.get('config');
  if (named === undefined || process?.workingFolder === undefined) return { path: undefined, cwd };
  return { path: resolve(cwd, named), cwd };
}

/** The flags of `run` that were given beside the file; SPIRE's and ours have the same names. */
function overrides(
  table: readonly { readonly name: string; readonly kind: string }[],
  process: DaemonProcess | undefined,
): Record<string, string | number | boolean> {
  const found: Record<string, string | number | boolean> = {};
  for (const { name, kind } of table) {
    const value = process?.arguments.flags.get(name);
    if (value === undefined || name === 'config' || name === 'joinToken' || name === 'joinTokenFile') continue;
    if (kind === 'bool') found[name] = value !== 'false';
    else found[name] = kind === 'int' ? Number(value) : value;
  }
  return found;
}

async function findConfig<C>({ path }: ConfigStart, load: (path: string) => Promise<C>): Promise<FoundConfig<C>> {
  if (path === undefined) return { kind: 'unknown' };
  try {
    await access(path, constants.R_OK);
  } catch (error) {
    const isHidden = errnoOf(error) === 'EACCES';
    const reason = ioReason(error);
    return isHidden
      ? { kind: 'unreadable', path, reason }
      : { kind: 'invalid', path, reason: `it cannot be read: ${reason}` };
  }
  try {
    return { kind: 'valid', path, value: await load(path) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const { position, message } = error;
    const place = position === undefined ? '' : `line ${position.line}, column ${position.column}: `;
    return { kind: 'invalid', path, reason: `${place}${message}` };
  }
}
