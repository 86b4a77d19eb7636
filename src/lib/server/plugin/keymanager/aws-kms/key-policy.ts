/**
 * The role that an identity has assumed; undefined for users and for roles that are not assumed.
 *
 * @param arn such as `arn:aws:sts::123456789012:assumed-role/ROLE/SESSION`
 */
export function findAssumedRole(arn: string): string | undefined {
  const [kind, role] = (arn.split(':').at(-1) ?? '').split('/');
  return kind === 'assumed-role' && role !== undefined && role !== '' ? role : undefined;
}

/**
 * The key policy that is given to keys where the configuration names no other: the role of this server may do everything,
 * the account may look. KMS refuses a policy that would lock its maker out.
 *
 * @param arn of the server's identity, for its partition
 */
export function formatKeyPolicy(arn: string, account: string, role: string): string {
  const partition = arn.split(':')[1] ?? 'aws';
  const allow = (sid: string, principal: string, action: string | readonly string[]): object => ({
    Sid: sid,
    Effect: 'Allow',
    Principal: { AWS: `arn:${partition}:iam::${account}:${principal}` },
    Action: action,
    Resource: '*',
  });
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      allow('The server uses and manages the key', `role/${role}`, 'kms:*'),
      allow('The account sees the key and its policy', 'root', ['kms:Describe*', 'kms:List*', 'kms:Get*']),
    ],
  });
}
