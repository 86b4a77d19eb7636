import type { BuiltInPlugins } from '../../catalog/built-in-plugin.ts';
import type { UpstreamAuthority } from '../plugin/upstreamauthority/upstream-authority.ts';
import type { ServerPluginDeps } from './server-plugin-deps.ts';

/** The upstream authorities that come with the server. */
export const upstreamAuthorities: BuiltInPlugins<ServerPluginDeps, UpstreamAuthority> = {
  awssecret: async () => (await import('../plugin/upstreamauthority/awssecret/plugin.ts')).secretUpstreamAuthority,
  disk: async () => (await import('../plugin/upstreamauthority/disk/plugin.ts')).diskUpstreamAuthority,
  spire: async () => (await import('../plugin/upstreamauthority/spire/plugin.ts')).spireUpstreamAuthority,
  vault: async () => (await import('../plugin/upstreamauthority/vault/plugin.ts')).vaultUpstreamAuthority,
};
