import { ConfigError } from '../config-error.ts';
import type { LoadConfigOptions } from '../load-options.ts';
import type { AgentConfig } from './agent-config.ts';
import type { AgentFlagValues } from './agent-flags.ts';

/**
 * Reads, merges and checks an agent's configuration: flags over file over defaults.
 *
 * @throws {ConfigError} code `invalid-config`, with SPIRE's message
 */
export async function loadAgentConfig(_options: LoadConfigOptions<AgentFlagValues>): Promise<AgentConfig> {
  throw new ConfigError('agent configuration cannot be read yet');
}
