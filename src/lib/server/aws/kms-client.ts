import { hash } from 'node:crypto';
import type { CreateKeyCommandInput, KMSClient, SignCommandInput } from '@aws-sdk/client-kms';
import type { ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import type { STSClient } from '@aws-sdk/client-sts';
import type { AwsClientConfig } from './aws-access.ts';
import { type AwsCallOptions, type AwsSdk, callAws, mustHave } from './aws-call.ts';

/** A key as KMS describes it. */
export interface KmsKeyDescription {
  readonly arn: string;
  readonly isEnabled: boolean;
  readonly spec: string;
  readonly description: string;
  /** Milliseconds since the Unix epoch. */
  readonly createdAtMs: number;
}

/** An alias of a key. */
export interface KmsAlias {
  readonly name: string;
  readonly arn: string;
  readonly hasTarget: boolean;
  /** Milliseconds since the Unix epoch; undefined where KMS does not say. */
  readonly updatedAtMs: number | undefined;
}

/** A key with its tags. */
export interface TaggedKey {
  readonly arn: string;
  readonly tags: ReadonlyMap<string, string>;
}

/** Keys of a filter, each with the value that it must have. */
export type Tags = ReadonlyMap<string, string>;

/** What KMS signs with. */
export type SigningAlgorithm = NonNullable<SignCommandInput['SigningAlgorithm']>;

/** KMS hashes no more by itself. */
const LONGEST_MESSAGE_BYTES = 4_096;

/** The calls of KMS, and of the two services beside it, that a key manager needs; each fails with one of our errors. */
export class KmsClient implements Disposable {
  readonly #sdk: AwsSdk;
  readonly #kms: KMSClient;
  readonly #tagging: ResourceGroupsTaggingAPIClient;
  readonly #sts: STSClient;

  constructor(sdk: AwsSdk, config: AwsClientConfig) {
    this.#sdk = sdk;
    this.#kms = new sdk.KMSClient(config);
    this.#tagging = new sdk.ResourceGroupsTaggingAPIClient(config);
    this.#sts = new sdk.STSClient(config);
  }

  /** Resolves with the ARN of the new key. */
  async createKey(input: Omit<CreateKeyCommandInput, 'KeyUsage'>, options: AwsCallOptions): Promise<string> {
    const command = new this.#sdk.CreateKeyCommand({ ...input, KeyUsage: 'SIGN_VERIFY' });
    const { KeyMetadata: made } = await callAws('KMS CreateKey', options, (sent) => this.#kms.send(command, sent));
    return mustHave('KMS CreateKey', made?.Arn);
  }

  /** SubjectPublicKeyInfo. @param key ARN or alias */
  async getPublicKey(key: string, options: AwsCallOptions): Promise<Uint8Array> {
    const command = new this.#sdk.GetPublicKeyCommand({ KeyId: key });
    const { PublicKey: der } = await callAws('KMS GetPublicKey', options, (sent) => this.#kms.send(command, sent));
    return mustHave('KMS GetPublicKey', der);
  }

  /** @param key ARN or alias */
  async describeKey(key: string, options: AwsCallOptions): Promise<KmsKeyDescription> {
    const command = new this.#sdk.DescribeKeyCommand({ KeyId: key });
    const { KeyMetadata: found } = await callAws('KMS DescribeKey', options, (sent) => this.#kms.send(command, sent));
    return {
      arn: mustHave('KMS DescribeKey', found?.Arn),
      isEnabled: found?.Enabled === true,
      spec: found?.KeySpec ?? '',
      description: found?.Description ?? '',
      createdAtMs: found?.CreationDate?.getTime() ?? 0,
    };
  }

  async createAlias(name: string, arn: string, options: AwsCallOptions): Promise<void> {
    const command = new this.#sdk.CreateAliasCommand({ AliasName: name, TargetKeyId: arn });
    await callAws('KMS CreateAlias', options, (sent) => this.#kms.send(command, sent));
  }

  async updateAlias(name: string, arn: string, options: AwsCallOptions): Promise<void> {
    const command = new this.#sdk.UpdateAliasCommand({ AliasName: name, TargetKeyId: arn });
    await callAws('KMS UpdateAlias', options, (sent) => this.#kms.send(command, sent));
  }

  async deleteAlias(name: string, options: AwsCallOptions): Promise<void> {
    const command = new this.#sdk.DeleteAliasCommand({ AliasName: name });
    await callAws('KMS DeleteAlias', options, (sent) => this.#kms.send(command, sent));
  }

  /** All aliases of the account in the region, or of one key. */
  async *listAliases(options: AwsCallOptions & { readonly key?: string }): AsyncGenerator<KmsAlias> {
    let marker: string | undefined;
    do {
      const command = new this.#sdk.ListAliasesCommand({ Limit: 100, KeyId: options.key, Marker: marker });
      const page = await callAws('KMS ListAliases', options, (sent) => this.#kms.send(command, sent));
      for (const { AliasName: name, AliasArn: arn, TargetKeyId: target, LastUpdatedDate: updated } of page.Aliases ??
        []) {
        if (name === undefined || arn === undefined) continue;
        yield { name, arn, hasTarget: target !== undefined, updatedAtMs: updated?.getTime() };
      }
      marker = page.Truncated === true ? page.NextMarker : undefined;
    } while (marker !== undefined);
  }

  /** The ARNs of all keys of the account in the region. */
  async *listKeys(options: AwsCallOptions): AsyncGenerator<string> {
    let marker: string | undefined;
    do {
      const command = new this.#sdk.ListKeysCommand({ Limit: 1_000, Marker: marker });
      const page = await callAws('KMS ListKeys', options, (sent) => this.#kms.send(command, sent));
      for (const { KeyArn: arn } of page.Keys ?? []) if (arn !== undefined) yield arn;
      marker = page.Truncated === true ? page.NextMarker : undefined;
    } while (marker !== undefined);
  }

  /** Has KMS delete a key after the shortest wait that it takes, 7 days. */
  async scheduleDeletion(arn: string, options: AwsCallOptions): Promise<void> {
    const command = new this.#sdk.ScheduleKeyDeletionCommand({ KeyId: keyIdOf(arn), PendingWindowInDays: 7 });
    await callAws('KMS ScheduleKeyDeletion', options, (sent) => this.#kms.send(command, sent));
  }

  async tagKey(arn: string, tags: Tags, options: AwsCallOptions): Promise<void> {
    const command = new this.#sdk.TagResourceCommand({ KeyId: arn, Tags: toKmsTags(tags) });
    await callAws('KMS TagResource', options, (sent) => this.#kms.send(command, sent));
  }

  /** Sends what KMS takes as it is, at most 4 KiB, and the hash of what is longer. */
  async sign(
    arn: string,
    data: Uint8Array,
    algorithm: { readonly name: SigningAlgorithm; readonly digest: 'sha256' | 'sha384' },
    options: AwsCallOptions,
  ): Promise<Uint8Array> {
    const message =
      data.length <= LONGEST_MESSAGE_BYTES
        ? ({ Message: data, MessageType: 'RAW' } as const)
        : ({ Message: hash(algorithm.digest, data, 'buffer'), MessageType: 'DIGEST' } as const);
    const command = new this.#sdk.SignCommand({ KeyId: arn, SigningAlgorithm: algorithm.name, ...message });
    const { Signature: signature } = await callAws('KMS Sign', options, (sent) => this.#kms.send(command, sent));
    return mustHave('KMS Sign', signature);
  }

  /** The keys that have all of these tags. */
  async *findTaggedKeys(filter: Tags, options: AwsCallOptions): AsyncGenerator<TaggedKey> {
    let token: string | undefined;
    do {
      const command = new this.#sdk.GetResourcesCommand({
        ResourceTypeFilters: ['kms:key'],
        TagFilters: [...filter].map(([key, value]) => ({ Key: key, Values: [value] })),
        PaginationToken: token,
      });
      const page = await callAws('tag GetResources', options, (sent) => this.#tagging.send(command, sent));
      for (const { ResourceARN: arn, Tags: tags = [] } of page.ResourceTagMappingList ?? []) {
        if (arn !== undefined) yield { arn, tags: new Map(tags.map(({ Key = '', Value = '' }) => [Key, Value])) };
      }
      token = page.PaginationToken === '' ? undefined : page.PaginationToken;
    } while (token !== undefined);
  }

  /** Who this server is to AWS. */
  async getCallerIdentity(options: AwsCallOptions): Promise<{ readonly account: string; readonly arn: string }> {
    const command = new this.#sdk.GetCallerIdentityCommand({});
    const { Account: account, Arn: arn } = await callAws('STS GetCallerIdentity', options, (sent) =>
      this.#sts.send(command, sent),
    );
    return { account: mustHave('STS GetCallerIdentity', account), arn: mustHave('STS GetCallerIdentity', arn) };
  }

  [Symbol.dispose](): void {
    for (const client of [this.#kms, this.#tagging, this.#sts]) client.destroy();
  }
}

/** What stands for the key within its account and region. */
function keyIdOf(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}

/** Tags as KMS takes them. */
export function toKmsTags(tags: Tags): { TagKey: string; TagValue: string }[] {
  return [...tags].map(([key, value]) => ({ TagKey: key, TagValue: value }));
}
