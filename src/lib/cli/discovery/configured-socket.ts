import { resolve } from 'node:path';
import { agentFileSchema } from '../../config/agent/agent-schema.ts';
import { readConfigFile } from '../../config/config-file.ts';
import { serverFileSchema } from '../../config/server/server-schema.ts';
import type { SocketKind } from './place.ts';

/**
 * The socket that a configuration file names, if it names one; nothing else of the file is checked.
 *
 * @throws {ConfigError} code `invalid-config`
 */
export async function findConfiguredSocket(
  kind: SocketKind,
  file: string,
  { cwd, signal }: { readonly cwd: string; readonly signal: AbortSignal },
): Promise<string | undefined> {
  const options = { flags: { expandEnv: false }, env: {}, cwd, signal };
  const path = await readPath(kind, file, options);
  // A variable in it is for the daemon to fill in.
  return path === '' || path.includes('$') ? undefined : resolve(cwd, path);
}

async function readPath(
  kind: SocketKind,
  file: string,
  options: Parameters<typeof readConfigFile>[2],
): Promise<string> {
  switch (kind) {
    case 'server':
      return (await readConfigFile(file, serverFileSchema, options)).value.server.socket_path;
    case 'agent':
      return (await readConfigFile(file, agentFileSchema, options)).value.agent.socket_path;
    case 'agent-admin':
      return (await readConfigFile(file, agentFileSchema, options)).value.agent.admin_socket_path;
  }
}
