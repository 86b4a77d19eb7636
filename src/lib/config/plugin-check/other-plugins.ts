import { block } from '../schema/block.ts';
import { blockList } from '../schema/collections.ts';
import { string } from '../schema/scalars.ts';
import { checkWith, isMalformed, noCheck, type PluginCheck } from './plugin-check.ts';

const bundleTarget = {
  namespace: string(),
  config_map: string(),
  config_map_key: string(),
  webhook_label: string(),
  api_service_label: string(),
  kube_config_file_path: string(),
};

/** The settings of `k8sbundle`: one cluster, or several in `clusters`. */
export const k8sBundleSchema = block({ ...bundleTarget, clusters: blockList(block(bundleTarget)) });

/** Settings of the server's notifiers, by plugin name. */
export const notifierChecks: Readonly<Record<string, PluginCheck>> = {
  gcs_bundle: checkWith({
    schema: block({ bucket: string(), object_path: string(), service_account_file: string() }),
    malformed: (reason) => `plugin configuration is malformed: ${reason}`,
    rules: (config) => [
      config.bucket === '' && 'bucket must be set',
      config.object_path === '' && 'object_path must be set',
    ],
  }),

  k8sbundle: checkWith({
    schema: k8sBundleSchema,
    malformed: isMalformed,
    rules: () => [],
  }),
};

/** The server's credential composers, by plugin name. */
export const credentialComposerChecks: Readonly<Record<string, PluginCheck>> = { uniqueid: noCheck };
