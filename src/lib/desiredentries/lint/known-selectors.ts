/**
 * The selectors that SPIRE's own attestors make, by type: what stands before the next colon. Of node attestors only the
 * types are given: their values follow many forms. Source: SPIRE 1.15.3, `doc/plugin_*.md`.
 */
export const KNOWN_SELECTORS: ReadonlyMap<string, readonly string[] | undefined> = new Map([
  ['unix', ['uid', 'user', 'gid', 'group', 'supplementary_gid', 'supplementary_group', 'path', 'sha256']],
  [
    'k8s',
    [
      ...['ns', 'ns-label', 'sa', 'container-image', 'container-name', 'node-name', 'pod-label', 'pod-owner'],
      ...['pod-owner-uid', 'pod-uid', 'pod-name', 'pod-image', 'pod-image-count', 'pod-init-image'],
      ...['pod-init-image-count', 'image-signature', 'image-attestations', 'image-signature-value'],
      ...['image-signature-subject', 'image-signature-issuer', 'image-signature-log-id', 'image-signature-log-index'],
      ...['image-signature-integrated-time', 'image-signature-signed-entry-timestamp', 'uid', 'resource', 'plural'],
      ...['group', 'version', 'apiVersion', 'kind', 'name', 'namespace', 'key', 'label', 'owner-key', 'owner-uid'],
      ...['controller-key', 'controller-uid'],
    ],
  ],
  ['docker', ['label', 'env', 'image_id', 'image_config_digest', 'image-signature', 'image-attestations']],
  ['systemd', ['id', 'fragment_path']],
  ['windows', ['user_sid', 'user_name', 'group_sid', 'group_name', 'path', 'sha256']],
  ['aws_iid', undefined],
  ['azure_imds', undefined],
  ['azure_msi', undefined],
  ['gcp_iit', undefined],
  ['http_challenge', undefined],
  ['join_token', undefined],
  ['k8s_psat', undefined],
  ['k8s_sat', undefined],
  ['spiffe_id', undefined],
  ['sshpop', undefined],
  ['tpm_devid', undefined],
  ['x509pop', undefined],
  ['aws_secretsmanager', undefined],
  ['gcp_secretmanager', undefined],
]);

/** Types that SVIDStore plugins read. */
export const STORE_TYPES: ReadonlySet<string> = new Set(['aws_secretsmanager', 'gcp_secretmanager']);

/** Selectors that many workloads share: alone they are no protection for an identity that may do much. */
export const WIDE_SELECTORS: ReadonlySet<string> = new Set([
  ...['unix:gid', 'unix:group', 'unix:supplementary_gid', 'unix:supplementary_group'],
  ...['k8s:ns', 'k8s:ns-label', 'k8s:node-name', 'k8s:pod-image-count', 'k8s:pod-init-image-count', 'k8s:pod-label'],
  ...['docker:label', 'docker:env', 'windows:group_sid', 'windows:group_name'],
]);
