import { join } from 'node:path';
import type { ExternalPluginDeps } from '../../src/lib/catalog/external/external-plugin-deps.ts';
import type { HostService } from '../../src/lib/catalog/external/host-service.ts';
import type { PluginConfig } from '../../src/lib/config/section/plugins.ts';
import { type Clock, systemClock } from '../../src/lib/runtime/clock.ts';
import { type Logger, silentLogger } from '../../src/lib/runtime/logger.ts';
import { projectRoot } from './programs.ts';

/** The configuration of a plugin that is a TypeScript program of this checkout. */
export function scriptPlugin(
  type: string,
  name: string,
  script: string,
  { args = [], hcl = '' }: { readonly args?: readonly string[]; readonly hcl?: string } = {},
): PluginConfig {
  return {
    type,
    name,
    isEnabled: true,
    cmd: process.execPath,
    args: [join(projectRoot, script), ...args],
    checksum: undefined,
    data: hcl === '' ? { kind: 'none' } : { kind: 'fixed', hcl },
  };
}

/** What the plugins of tests are given. */
export function pluginDeps(
  options: {
    readonly log?: Logger;
    readonly clock?: Clock;
    readonly hostServices?: readonly HostService[];
    readonly onExit?: ExternalPluginDeps['onExit'];
  } = {},
): ExternalPluginDeps {
  return {
    trustDomain: { name: 'example.org' },
    hostServices: options.hostServices ?? [],
    env: { PATH: process.env['PATH'] },
    clock: options.clock ?? systemClock,
    log: options.log ?? silentLogger,
    signal: undefined,
    onExit: options.onExit ?? (() => {}),
  };
}
