import { ConfigError } from '../config-error.ts';
import type { LoadConfigOptions } from '../load-options.ts';
import type { ServerConfig } from './server-config.ts';
import type { ServerFlagValues } from './server-flags.ts';

/**
 * Reads, merges and checks a server's configuration: flags over file over defaults.
 *
 * @throws {ConfigError} code `invalid-config`, with SPIRE's message
 */
export async function loadServerConfig(_options: LoadConfigOptions<ServerFlagValues>): Promise<ServerConfig> {
  throw new ConfigError('server configuration cannot be read yet');
}
