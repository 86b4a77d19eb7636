/**
 * The built-in plugins of SPIRE 1.15.3, and for those that are not built here what stands in the way. What is built here the
 * page takes from the tables of the code.
 */

/** Why a plugin of SPIRE's is not here. */
const CLOUD = 'neither its cloud nor a faithful imitation of it can be had to test it with';
const YET = 'not yet';
const TPM = 'not yet; needs a TPM';
const WINDOWS = 'the daemons run on Linux';

/** Undefined for a plugin that is here. */
type Reason = string | undefined;

/** Plugins by type and name. */
export type SpirePlugins = Readonly<Record<string, Readonly<Record<string, Reason>>>>;

export const SPIRE_SERVER_PLUGINS: SpirePlugins = {
  BundlePublisher: {
    aws_rolesanywhere_trustanchor: CLOUD,
    aws_s3: undefined,
    azure_blob: CLOUD,
    gcp_cloudstorage: CLOUD,
    k8s_configmap: undefined,
  },
  CredentialComposer: { uniqueid: undefined },
  DataStore: { sql: undefined },
  KeyManager: {
    aws_kms: undefined,
    azure_key_vault: CLOUD,
    disk: undefined,
    gcp_kms: CLOUD,
    hashicorp_vault: undefined,
    memory: undefined,
  },
  NodeAttestor: {
    aws_iid: YET,
    azure_imds: YET,
    azure_msi: YET,
    gcp_iit: YET,
    http_challenge: YET,
    join_token: undefined,
    k8s_psat: YET,
    sshpop: YET,
    tpm_devid: TPM,
    x509pop: undefined,
  },
  Notifier: { gcs_bundle: CLOUD, k8sbundle: undefined },
  UpstreamAuthority: {
    aws_pca: CLOUD,
    awssecret: undefined,
    'cert-manager': YET,
    disk: undefined,
    ejbca: YET,
    gcp_cas: CLOUD,
    spire: undefined,
    vault: undefined,
  },
};

export const SPIRE_AGENT_PLUGINS: SpirePlugins = {
  KeyManager: { disk: undefined, memory: undefined },
  NodeAttestor: {
    aws_iid: YET,
    azure_imds: YET,
    azure_msi: YET,
    gcp_iit: YET,
    http_challenge: YET,
    join_token: undefined,
    k8s_psat: YET,
    sshpop: YET,
    tpm_devid: TPM,
    x509pop: undefined,
  },
  SVIDStore: { aws_secretsmanager: YET, gcp_secretmanager: CLOUD },
  WorkloadAttestor: { docker: YET, k8s: YET, slurm: YET, systemd: YET, unix: undefined, windows: WINDOWS },
};
