import { SpirekitError } from '../../runtime/errors.ts';
import { goQuote } from '../../runtime/go-quote.ts';
import { block, unknownKeys } from '../schema/block.ts';
import { list, map } from '../schema/collections.ts';
import { bool, int, optional, string } from '../schema/scalars.ts';
import { awsIidCheck } from './aws-iid.ts';
import { findCertificateFault } from './certificates.ts';
import { findTemplateFault } from './path-template.ts';
import { cannotDecode, checkWith, isMalformed, type PluginCheck } from './plugin-check.ts';
import { x509PopCheck } from './x509pop.ts';

/** A template of agent paths that cannot be read. */
function checkTemplate(template: string, name: string): string | false {
  return findTemplateFault(template) !== undefined && `failed to parse agent ${name} template: ${goQuote(template)}`;
}

const psatCluster = block({
  service_account_allow_list: list(string()),
  audience: optional(list(string())),
  kube_config_file: string(),
  allowed_node_label_keys: list(string()),
  allowed_pod_label_keys: list(string()),
  use_pod_uid_for_agent_id: bool(),
});

const azureTenants = checkWith({
  schema: block({ tenants: map(block({})), agent_path_template: string() }),
  malformed: cannotDecode,
  rules: (config) => [
    config.tenants.size === 0 && 'configuration must have at least one tenant',
    checkTemplate(config.agent_path_template, 'path'),
  ],
});

/** Settings of the server's node attestors, by plugin name. Nothing that needs a network is asked. */
export const nodeAttestorChecks: Readonly<Record<string, PluginCheck>> = {
  aws_iid: awsIidCheck,
  azure_imds: azureTenants,
  azure_msi: azureTenants,

  gcp_iit: checkWith({
    schema: block({
      projectid_allow_list: list(string()),
      agent_path_template: string(),
      use_instance_metadata: bool(),
      allowed_label_keys: list(string()),
      allowed_metadata_keys: list(string()),
      max_metadata_value_size: int(),
      service_account_file: string(),
    }),
    malformed: cannotDecode,
    rules: (config) => [
      config.projectid_allow_list.length === 0 && 'projectid_allow_list is required',
      checkTemplate(config.agent_path_template, 'path'),
    ],
  }),

  http_challenge: checkWith({
    schema: block({
      allowed_dns_patterns: list(string()),
      required_port: optional(int()),
      allow_non_root_ports: optional(bool()),
      tofu: optional(bool()),
    }),
    malformed: cannotDecode,
    rules(config) {
      const { required_port: port, allow_non_root_ports: allowsAll } = config;
      const takesAnyPort = port === undefined ? allowsAll !== false : port >= 1024;
      return [
        ...config.allowed_dns_patterns.map(
          (pattern) => !isExpression(pattern) && `cannot compile allowed_dns_pattern: ${goQuote(pattern)}`,
        ),
        config.tofu === false &&
          takesAnyPort &&
          'you can not turn off trust on first use (TOFU) when non-root ports are allowed',
      ];
    },
  }),

  join_token: checkWith({
    schema: block({}),
    malformed: isMalformed,
    rules: (config) => unknownKeys(config).map((name) => `unknown setting "${name}" encountered`),
  }),

  k8s_psat: checkWith({
    schema: block({ clusters: map(psatCluster) }),
    malformed: isMalformed,
    rules: ({ clusters }) => [
      clusters.size === 0 && 'No clusters configured, PSAT attestation is effectively disabled',
      ...[...clusters].map(
        ([name, cluster]) =>
          cluster.service_account_allow_list.length === 0 &&
          `cluster ${goQuote(name)} configuration must have at least one service account allowed`,
      ),
    ],
  }),

  sshpop: checkWith({
    schema: block({
      cert_authorities: list(string()),
      cert_authorities_path: string(),
      canonical_domain: string(),
      agent_path_template: string(),
    }),
    malformed: (reason) => `failed to decode configuration: ${reason}`,
    async rules(config, context) {
      const { cert_authorities: authorities, cert_authorities_path: path } = config;
      const fault = path === '' ? undefined : await context.readFile(path).then(() => undefined, messageOf);
      const hasNone = authorities.length === 0 && (path === '' || fault !== undefined);
      return [
        authorities.length === 0 &&
          path === '' &&
          'missing required config value for "cert_authorities" or "cert_authorities_path"',
        fault !== undefined && `failed to get cert authorities from file: ${fault}`,
        hasNone && 'failed to create cert checker: must provide at least one cert authority',
        checkTemplate(config.agent_path_template, 'svid'),
      ];
    },
  }),

  tpm_devid: checkWith({
    schema: block({ devid_ca_path: string(), endorsement_ca_path: string() }),
    malformed: isMalformed,
    async rules(config, context) {
      const { devid_ca_path: devId, endorsement_ca_path: endorsement } = config;
      const devIdFault = await findCertificateFault(devId, context);
      const endorsementFault = await findCertificateFault(endorsement, context);
      return [
        devId === '' && 'devid_ca_path is required',
        endorsement === '' && 'endorsement_ca_path is required',
        devIdFault !== undefined && `unable to load DevID trust bundle: ${devIdFault}`,
        endorsementFault !== undefined && `unable to load endorsement trust bundle: ${endorsementFault}`,
      ];
    },
  }),

  x509pop: x509PopCheck,
};

function isExpression(pattern: string): boolean {
  try {
    new RegExp(pattern);
    return true;
  } catch {
    return false;
  }
}

function messageOf(error: unknown): string {
  return SpirekitError.from(error).message;
}
