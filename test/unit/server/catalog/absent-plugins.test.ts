import { describe, expect, test } from 'vitest';
import { getBuiltIn } from '../../../../src/lib/catalog/load-plugin.ts';
import { bundlePublisherChecks } from '../../../../src/lib/config/plugin-check/bundle-publishers.ts';
import { keyManagerChecks } from '../../../../src/lib/config/plugin-check/key-managers.ts';
import { nodeAttestorChecks } from '../../../../src/lib/config/plugin-check/node-attestors.ts';
import { credentialComposerChecks, notifierChecks } from '../../../../src/lib/config/plugin-check/other-plugins.ts';
import { upstreamAuthorityChecks } from '../../../../src/lib/config/plugin-check/upstream-authorities.ts';
import type { PluginConfig } from '../../../../src/lib/config/section/plugins.ts';
import { silentLogger } from '../../../../src/lib/runtime/logger.ts';
import { ABSENT_PLUGINS } from '../../../../src/lib/server/catalog/absent-plugins.ts';
import { isPluginType } from '../../../../src/lib/server/catalog/loaded-plugins.ts';
import { PLUGIN_TYPES } from '../../../../src/lib/server/catalog/plugin-types.ts';

/** All plugins of SPIRE's server, by type. */
const ALL = {
  BundlePublisher: bundlePublisherChecks,
  CredentialComposer: credentialComposerChecks,
  KeyManager: keyManagerChecks,
  NodeAttestor: nodeAttestorChecks,
  Notifier: notifierChecks,
  UpstreamAuthority: upstreamAuthorityChecks,
};

describe.each(Object.entries(ALL))('the plugins of type %s', (type, checks) => {
  if (!isPluginType(type)) throw new Error(type);
  const builtIns = Object.keys(PLUGIN_TYPES[type].builtIns);
  const absent = Object.keys(ABSENT_PLUGINS[type]);

  test('are all there, or it is said why not', () => {
    expect(Object.keys(checks).filter((name) => !builtIns.includes(name) && !absent.includes(name))).toEqual([]);
  });

  test('are not said to be missing when they are there', () => {
    expect(absent.filter((name) => builtIns.includes(name))).toEqual([]);
  });
});

test('one that is missing is refused with the reason and what can be done', async () => {
  const plugin: PluginConfig = {
    type: 'KeyManager',
    name: 'gcp_kms',
    isEnabled: true,
    cmd: undefined,
    args: [],
    checksum: undefined,
    data: { kind: 'none' },
  };
  const { builtIns } = PLUGIN_TYPES.KeyManager;
  await expect(getBuiltIn(builtIns, plugin, silentLogger, ABSENT_PLUGINS.KeyManager)).rejects.toThrow(
    /no built-in plugin "gcp_kms" for type "KeyManager" \(there are: aws_kms, disk, .*\): it works with Google Cloud alone.* plugin_cmd/,
  );
});
