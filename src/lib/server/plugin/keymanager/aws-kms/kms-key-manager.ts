import type { Clock } from '../../../../runtime/clock.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import type { Logger } from '../../../../runtime/logger.ts';
import { ResourceStack } from '../../../../runtime/resource-stack.ts';
import type { AwsClientConfig } from '../../../aws/aws-access.ts';
import { KmsClient, type Tags } from '../../../aws/kms-client.ts';
import { KeyDeletions } from '../key-deletions.ts';
import { RemoteKeyManager } from '../remote-key-manager.ts';
import { findKeysAndTagThem, findKeysByAlias, ownTags } from './find-kms-keys.ts';
import { type KmsKey, KmsKeys } from './kms-keys.ts';
import { KmsNames } from './kms-names.ts';
import { KmsUpkeep } from './kms-upkeep.ts';

/** What the key manager is made from. */
export interface KmsKeyManagerOptions {
  readonly aws: AwsClientConfig;
  readonly trustDomain: string;
  /** Tells this server's keys from those of others in the same account and region. */
  readonly serverId: string;
  /** A key policy in JSON; undefined: one for the role of this server. */
  readonly policy: string | undefined;
  readonly tags: Tags;
  readonly isFoundByTags: boolean;
  readonly clock: Clock;
  readonly log: Logger;
  /** Ends the opening. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Keys in AWS KMS under SPIRE's names. An alias leads to the key in use; what it led to before is deleted by KMS after a
 * week.
 *
 * Errors: those of the first calls of KMS.
 */
export async function openKmsKeyManager(options: KmsKeyManagerOptions): Promise<RemoteKeyManager<KmsKey>> {
  const { aws, trustDomain, serverId, policy, isFoundByTags, clock, log, signal } = options;
  await using opening = new ResourceStack();
  const client = opening.use(new KmsClient(await import('../../../aws/aws-sdk.ts'), aws));
  const names = new KmsNames(trustDomain, serverId);
  const nowSeconds = (): number => Math.floor(clock.nowMs() / 1000);
  const finding = { client, names, log, nowSeconds };
  const keys = await (isFoundByTags ? findKeysAndTagThem(finding, { signal }) : findKeysByAlias(finding, { signal }));
  for (const { arn, alias } of keys.values()) log.debug('Key loaded', { key_arn: arn, alias_name: alias });
  const deletions = opening.use(
    new KeyDeletions({
      deleteKey: (arn, call) => deleteKey(client, log, arn, call),
      describe: (arn) => ({ key_arn: arn }),
      clock,
      log,
    }),
  );
  opening.use(new KmsUpkeep({ client, names, keys, deletions, isFoundByTags, clock, log }));
  const tags = isFoundByTags ? new Map([...ownTags(names), ...options.tags]) : options.tags;
  return new RemoteKeyManager({
    name: 'aws_kms',
    keptIn: `AWS KMS in region ${aws.region ?? ''} with aliases below ${JSON.stringify(names.aliasPrefix)}`,
    store: new KmsKeys({ client, names, deletions, policy, tags, isFoundByTags, nowSeconds, log }),
    keys,
    resources: opening.move(),
  });
}

/** Errors that do not pass by themselves are told and not tried again. */
async function deleteKey(
  client: KmsClient,
  log: Logger,
  arn: string,
  options: { readonly signal: AbortSignal },
): Promise<void> {
  try {
    await client.scheduleDeletion(arn, options);
  } catch (error) {
    const { code } = SpirekitError.from(error);
    if (code !== 'not-found' && code !== 'invalid-argument' && code !== 'failed-precondition') throw error;
    log.error('Failed to schedule key deletion', { key_arn: arn, reason: error });
  }
}
