import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentConfig } from '../../src/lib/config/agent/agent-config.ts';
import { AGENT_FLAGS, type AgentFlagValues } from '../../src/lib/config/agent/agent-flags.ts';
import { loadAgentConfig } from '../../src/lib/config/agent/load-agent-config.ts';
import { defaultFlagValues } from '../../src/lib/config/config-flag.ts';
import type { LoadConfigOptions } from '../../src/lib/config/load-options.ts';
import { loadServerConfig } from '../../src/lib/config/server/load-server-config.ts';
import type { ServerConfig } from '../../src/lib/config/server/server-config.ts';
import { SERVER_FLAGS, type ServerFlagValues } from '../../src/lib/config/server/server-flags.ts';

/** A temporary folder with configuration files in it. */
export class ConfigFolder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async open(files: Readonly<Record<string, string | Uint8Array>> = {}): Promise<ConfigFolder> {
    const folder = new ConfigFolder(await mkdtemp(join(tmpdir(), 'spirekit-config-')));
    for (const [name, content] of Object.entries(files)) await folder.write(name, content);
    return folder;
  }

  async write(name: string, content: string | Uint8Array): Promise<void> {
    await writeFile(join(this.path, name), content);
  }

  loadServer(
    flags: Partial<ServerFlagValues> = {},
    options: Partial<LoadConfigOptions<never>> = {},
  ): Promise<ServerConfig> {
    const values = { ...defaultFlagValues(SERVER_FLAGS), config: 'server.conf', ...flags };
    return loadServerConfig({ env: {}, ...options, flags: values, cwd: this.path });
  }

  loadAgent(
    flags: Partial<AgentFlagValues> = {},
    options: Partial<LoadConfigOptions<never>> = {},
  ): Promise<AgentConfig> {
    const values = { ...defaultFlagValues(AGENT_FLAGS), config: 'agent.conf', ...flags };
    return loadAgentConfig({ env: {}, ...options, flags: values, cwd: this.path });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

/** A server's file with what it must have, more keys in its block, and more text behind it. */
export function serverFile(keys = '', rest = 'plugins {}'): string {
  return `server {\n  trust_domain = "example.org"\n  data_dir = "data"\n  ${keys}\n}\n${rest}\n`;
}

/** An agent's file with what it must have, more keys in its block, and more text behind it. */
export function agentFile(keys = 'insecure_bootstrap = true', rest = 'plugins {}'): string {
  const mandatory = 'trust_domain = "example.org"\n  server_address = "localhost"\n  server_port = 8081';
  return `agent {\n  ${mandatory}\n  ${keys}\n}\n${rest}\n`;
}

/** Loads a server's configuration from a text; everything is in a folder of its own. */
export async function loadServerText(text: string, flags: Partial<ServerFlagValues> = {}): Promise<ServerConfig> {
  await using folder = await ConfigFolder.open({ 'server.conf': text });
  return await folder.loadServer(flags);
}

/** Loads an agent's configuration from a text; everything is in a folder of its own. */
export async function loadAgentText(text: string, flags: Partial<AgentFlagValues> = {}): Promise<AgentConfig> {
  await using folder = await ConfigFolder.open({ 'agent.conf': text });
  return await folder.loadAgent(flags);
}
