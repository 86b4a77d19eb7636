import type { BuiltInPlugins } from '../../catalog/built-in-plugin.ts';
import type { ExternalPluginType } from '../../catalog/external/external-type.ts';
import type { PluginCount } from '../../config/section/plugin-count.ts';
import type { BundlePublisher } from '../plugin/bundlepublisher/bundle-publisher.ts';
import type { CredentialComposer } from '../plugin/credentialcomposer/credential-composer.ts';
import type { KeyManager } from '../plugin/keymanager/key-manager.ts';
import type { NodeAttestor } from '../plugin/nodeattestor/node-attestor.ts';
import type { Notifier } from '../plugin/notifier/notifier.ts';
import type { UpstreamAuthority } from '../plugin/upstreamauthority/upstream-authority.ts';
import { bundlePublishers } from './bundle-publishers.ts';
import { credentialComposers } from './credential-composers.ts';
import { datastores } from './datastores.ts';
import { keyManagers } from './key-managers.ts';
import { nodeAttestors } from './node-attestors.ts';
import { notifiers } from './notifiers.ts';
import type { ServerPluginDeps } from './server-plugin-deps.ts';
import { upstreamAuthorities } from './upstream-authorities.ts';

/** The types of plugins that this server loads, beside the datastore, by the name in the configuration. */
export interface ServerPlugins {
  readonly BundlePublisher: BundlePublisher;
  readonly CredentialComposer: CredentialComposer;
  readonly KeyManager: KeyManager;
  readonly NodeAttestor: NodeAttestor;
  readonly Notifier: Notifier;
  readonly UpstreamAuthority: UpstreamAuthority;
}

/** A name of a type of plugins. */
export type ServerPluginType = keyof ServerPlugins;

/** One type of plugins: what comes with the server, how others are used, and how many it takes. */
export interface ServerPluginTypeInfo<Plugin> {
  readonly builtIns: BuiltInPlugins<ServerPluginDeps, Plugin>;
  /** Loaded when a configuration names a program. */
  readonly external: () => Promise<ExternalPluginType<Plugin>>;
  readonly count: PluginCount;
}

const ANY_NUMBER: PluginCount = { min: 0, max: Number.POSITIVE_INFINITY };

/** What is known of each type. */
export const PLUGIN_TYPES: { readonly [Type in ServerPluginType]: ServerPluginTypeInfo<ServerPlugins[Type]> } = {
  BundlePublisher: {
    builtIns: bundlePublishers,
    external: async () =>
      (await import('../plugin/bundlepublisher/external/external-bundle-publisher.ts')).externalBundlePublisher,
    count: ANY_NUMBER,
  },
  CredentialComposer: {
    builtIns: credentialComposers,
    external: async () =>
      (await import('../plugin/credentialcomposer/external/external-credential-composer.ts'))
        .externalCredentialComposer,
    count: ANY_NUMBER,
  },
  KeyManager: {
    builtIns: keyManagers,
    external: async () => (await import('../plugin/keymanager/external/external-key-manager.ts')).externalKeyManager,
    count: { min: 1, max: 1 },
  },
  NodeAttestor: {
    builtIns: nodeAttestors,
    external: async () =>
      (await import('../plugin/nodeattestor/external/external-node-attestor.ts')).externalNodeAttestor,
    count: ANY_NUMBER,
  },
  Notifier: {
    builtIns: notifiers,
    external: async () => (await import('../plugin/notifier/external/external-notifier.ts')).externalNotifier,
    count: ANY_NUMBER,
  },
  UpstreamAuthority: {
    builtIns: upstreamAuthorities,
    external: async () =>
      (await import('../plugin/upstreamauthority/external/external-upstream-authority.ts')).externalUpstreamAuthority,
    count: { min: 0, max: 1 },
  },
};

export const DATASTORE_TYPE = { name: 'DataStore', builtIns: datastores } as const;
