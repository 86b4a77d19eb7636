import { block } from '../schema/block.ts';
import { bool, string } from '../schema/scalars.ts';
import { checkWith, isMalformed, type PluginCheck } from './plugin-check.ts';

/** Settings of the server's upstream authorities, by plugin name. */
export const upstreamAuthorityChecks: Readonly<Record<string, PluginCheck>> = {
  aws_pca: checkWith({
    schema: block({ region: string(), certificate_authority_arn: string() }),
    malformed: isMalformed,
    rules: (config) => [
      config.region === '' && 'plugin configuration is missing the region',
      config.certificate_authority_arn === '' && 'plugin configuration is missing the certificate_authority_arn',
    ],
  }),

  awssecret: checkWith({
    schema: block({ region: string(), cert_file_arn: string(), key_file_arn: string(), bundle_file_arn: string() }),
    malformed: isMalformed,
    rules: (config) => [
      config.cert_file_arn === '' && "configuration missing 'cert_file_arn' value",
      config.key_file_arn === '' && "configuration missing 'key_file_arn' value",
    ],
  }),

  'cert-manager': checkWith({
    schema: block({ issuer_name: string(), issuer_kind: string(), issuer_group: string(), namespace: string() }),
    malformed: isMalformed,
    rules: (config) => [
      config.namespace === '' && 'plugin configuration has empty namespace property',
      config.issuer_name === '' && 'plugin configuration has empty issuer_name property',
      config.issuer_kind === '' && "plugin configuration has empty issuer_kind property, defaulting to value 'Issuer'",
      config.issuer_group === '' &&
        "plugin configuration has empty issuer_group property, defaulting to value 'cert-manager.io'",
    ],
  }),

  disk: checkWith({
    schema: block({ cert_file_path: string(), key_file_path: string(), bundle_file_path: string() }),
    malformed: isMalformed,
    rules: (config) => [
      (config.cert_file_path === '' || config.key_file_path === '') &&
        "'cert_file_path' and 'key_file_path' must be set and not empty",
    ],
  }),

  gcp_cas: checkWith({
    schema: block({
      root_cert_spec: block({
        project_name: string(),
        region_name: string(),
        ca_pool: string(),
        label_key: string(),
        label_value: string(),
      }),
    }),
    malformed: isMalformed,
    rules({ root_cert_spec: spec }) {
      const missing = (name: string): string => `plugin configuration root_cert_spec.${name} is missing`;
      return [
        spec.project_name === '' && missing('Project'),
        spec.region_name === '' && missing('Location'),
        spec.label_key === '' && missing('LabelKey'),
        spec.label_value === '' && missing('LabelValue'),
        spec.ca_pool === '' &&
          'The ca_pool value is not configured. Falling back to searching the region for matching CAs. ' +
            'The ca_pool configurable will be required in a future release.',
      ];
    },
  }),

  spire: checkWith({
    schema: block({
      server_address: string(),
      server_port: string(),
      workload_api_socket: string(),
      experimental: block({ workload_api_named_pipe_name: string(), require_pq_kem: bool() }),
    }),
    malformed: isMalformed,
    rules: (config) => [
      config.server_address === '' && 'server_address is required',
      config.server_port === '' && 'server_port is required',
      config.experimental.workload_api_named_pipe_name !== '' &&
        'configuration: workload_api_named_pipe_name is not supported on this platform; ' +
          'please use workload_api_socket instead',
      config.workload_api_socket === '' && 'workload_api_socket is required',
    ],
  }),

  vault: checkWith({
    schema: block({ vault_addr: string(), pki_mount_point: string(), insecure_skip_verify: bool() }),
    malformed: isMalformed,
    rules: () => [],
  }),
};
