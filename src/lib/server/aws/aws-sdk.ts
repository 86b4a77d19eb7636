/**
 * What is used of the AWS SDK. The build puts this file with the SDK into a bundle of its own (`scripts/build.ts`), which
 * is loaded only by a server whose configuration names a plugin on AWS: import it with `import()` alone.
 */
export {
  CreateAliasCommand,
  CreateKeyCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  GetPublicKeyCommand,
  KMSClient,
  ListAliasesCommand,
  ListKeysCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  TagResourceCommand,
  UpdateAliasCommand,
} from '@aws-sdk/client-kms';
export { GetResourcesCommand, ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
export { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
export { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
export { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
export { fromTemporaryCredentials } from '@aws-sdk/credential-providers';
