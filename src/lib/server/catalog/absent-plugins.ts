import type { ServerPluginType } from './plugin-types.ts';

const GOOGLE = 'it works with Google Cloud alone, whose API this package does not speak';
const AZURE = 'it works with Azure alone, whose API this package does not speak';
const LATER = 'it comes with a later version of this package';

/** Plugins of SPIRE 1.15.3's server that this one does not bring, by type and name, and why. */
export const ABSENT_PLUGINS: Readonly<Record<ServerPluginType, Readonly<Record<string, string>>>> = {
  BundlePublisher: {
    aws_rolesanywhere_trustanchor:
      'it works with IAM Roles Anywhere of AWS alone; publish to a store by aws_s3 instead',
    azure_blob: AZURE,
    gcp_cloudstorage: GOOGLE,
  },
  CredentialComposer: {},
  KeyManager: { azure_key_vault: AZURE, gcp_kms: GOOGLE },
  NodeAttestor: {
    aws_iid: LATER,
    azure_imds: AZURE,
    azure_msi: AZURE,
    gcp_iit: GOOGLE,
    http_challenge: LATER,
    k8s_psat: LATER,
    sshpop: LATER,
    tpm_devid: LATER,
  },
  Notifier: { gcs_bundle: GOOGLE },
  UpstreamAuthority: {
    aws_pca:
      'it works with AWS Private CA alone, which nothing stands in for in tests; a CA in AWS serves by awssecret',
    'cert-manager':
      'it needs the cert-manager of a Kubernetes cluster; its CA serves by disk, from the secret of a certificate',
    ejbca: 'it needs an EJBCA server, which nothing stands in for in tests',
    gcp_cas: GOOGLE,
  },
};
