import { SpirekitError } from '../../runtime/errors.ts';
import { parseGoDuration } from '../../runtime/go-duration.ts';
import { goQuote } from '../../runtime/go-quote.ts';
import { block } from '../schema/block.ts';
import { map } from '../schema/collections.ts';
import { string } from '../schema/scalars.ts';
import type { Infer } from '../schema/schema.ts';
import { splitUrl } from '../section/url.ts';
import { cannotDecode, checkWith, type Notes, type PluginCheck } from './plugin-check.ts';

const FORMATS: ReadonlySet<string> = new Set(['jwks', 'spiffe', 'pem']);
const DAY = 24n * 3600n * 1_000_000_000n;
const MINUTE = 60_000_000_000n;

function checkFormat(format: string): Notes {
  return [
    format === '' && 'configuration is missing the bundle format',
    !FORMATS.has(format.toLowerCase()) &&
      `could not parse bundle format from configuration: unknown bundle format: ${goQuote(format)}`,
  ];
}

function checkRefreshHint(text: string): Notes {
  if (text === '') return [];
  try {
    const hint = parseGoDuration(text);
    return [
      hint >= DAY &&
        "Bundle endpoint refresh hint set to a high value. To cover the case of unscheduled trust bundle updates, it's " +
          'recommended to have a smaller value, e.g. 5m',
      hint < MINUTE && 'Bundle endpoint refresh hint set too low. SPIRE will not refresh more often than 1 minute',
    ];
  } catch (error) {
    const reason = SpirekitError.from(error).message;
    return [`could not parse refresh_hint: could not parse refresh hint ${goQuote(text)}: ${reason}`];
  }
}

const clusterSchema = block({
  format: string(),
  namespace: string(),
  configmap_name: string(),
  configmap_key: string(),
  kubeconfig_path: string(),
  refresh_hint: string(),
});

/** The settings of `k8s_configmap`. */
export const k8sConfigMapSchema = block({ clusters: map(clusterSchema) });

/** Settings of the server's bundle publishers, by plugin name. */
export const bundlePublisherChecks: Readonly<Record<string, PluginCheck>> = {
  aws_rolesanywhere_trustanchor: checkWith({
    schema: block({
      access_key_id: string(),
      secret_access_key: string(),
      region: string(),
      trust_anchor_id: string(),
    }),
    malformed: cannotDecode,
    rules: (config) => [
      config.region === '' && 'configuration is missing the region',
      config.trust_anchor_id === '' && 'configuration is missing the trust anchor id',
    ],
  }),

  aws_s3: checkWith({
    schema: block({
      access_key_id: string(),
      secret_access_key: string(),
      region: string(),
      bucket: string(),
      object_key: string(),
      format: string(),
      endpoint: string(),
      refresh_hint: string(),
    }),
    malformed: cannotDecode,
    rules(config) {
      const [isMissing, ...formatNotes] = checkFormat(config.format);
      return [
        config.region === '' && 'configuration is missing the region',
        config.bucket === '' && 'configuration is missing the bucket name',
        config.object_key === '' && 'configuration is missing the object key',
        isMissing ?? false,
        config.endpoint !== '' &&
          (splitUrl(config.endpoint)?.scheme ?? '') === '' &&
          `could not parse endpoint url: parse ${goQuote(config.endpoint)}: invalid URI for request`,
        ...formatNotes,
        ...checkRefreshHint(config.refresh_hint),
      ];
    },
  }),

  azure_blob: checkWith({
    schema: block({
      storage_account_name: string(),
      storage_account_key: string(),
      service_endpoint: string(),
      container_name: string(),
      blob_name: string(),
      format: string(),
      tenant_id: string(),
      app_id: string(),
      app_secret: string(),
      refresh_hint: string(),
    }),
    malformed: cannotDecode,
    rules(config) {
      const { storage_account_key: accountKey, tenant_id: tenant, app_id: app, app_secret: secret } = config;
      const usesSecret = tenant !== '' || app !== '' || secret !== '';
      const needsAll = usesSecret && accountKey === '';
      return [
        config.storage_account_name === '' && 'configuration is missing the storage account name',
        config.container_name === '' && 'configuration is missing the container name',
        config.blob_name === '' && 'configuration is missing the blob name',
        ...checkFormat(config.format),
        ...checkRefreshHint(config.refresh_hint),
        usesSecret && !needsAll && 'storage account key and client secret credentials are mutually exclusive',
        needsAll && tenant === '' && 'configuration is missing the tenant ID',
        needsAll && app === '' && 'configuration is missing the app ID',
        needsAll && secret === '' && 'configuration is missing the app secret',
      ];
    },
  }),

  gcp_cloudstorage: checkWith({
    schema: block({
      bucket_name: string(),
      object_name: string(),
      format: string(),
      service_account_file: string(),
      refresh_hint: string(),
    }),
    malformed: cannotDecode,
    rules: (config) => [
      config.bucket_name === '' && 'configuration is missing the bucket name',
      config.object_name === '' && 'configuration is missing the object name',
      ...checkFormat(config.format),
      ...checkRefreshHint(config.refresh_hint),
    ],
  }),

  k8s_configmap: checkWith({
    schema: k8sConfigMapSchema,
    malformed: cannotDecode,
    rules: ({ clusters }) => [
      clusters.size === 0 && 'No clusters configured, bundle will not be published',
      ...[...clusters].flatMap(([name, cluster]) => checkCluster(name, cluster)),
    ],
  }),
};

function checkCluster(name: string, cluster: Infer<typeof clusterSchema>): Notes {
  const fault = missingInCluster(name, cluster);
  return fault === undefined ? checkRefreshHint(cluster.refresh_hint) : [fault];
}

/** What a cluster of `k8s_configmap` lacks, in SPIRE's words; undefined if nothing. */
export function missingInCluster(name: string, cluster: Infer<typeof clusterSchema>): string | undefined {
  const values = {
    'bundle format': cluster.format,
    namespace: cluster.namespace,
    'configmap name': cluster.configmap_name,
    'configmap key': cluster.configmap_key,
  };
  const missing = Object.entries(values).find(([, value]) => value === '');
  return missing && `missing ${missing[0]} in cluster ${goQuote(name)}`;
}
