import type { KeyObject } from 'node:crypto';
import { findKeyType, type KeyType, parsePublicKey } from '../../../../crypto/key.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import type { Logger } from '../../../../runtime/logger.ts';
import type { AwsCallOptions } from '../../../aws/aws-call.ts';
import { type KmsClient, type Tags, toKmsTags } from '../../../aws/kms-client.ts';
import type { KeyDeletions } from '../key-deletions.ts';
import type { RemoteKeyStore } from '../remote-key-manager.ts';
import { findAssumedRole, formatKeyPolicy } from './key-policy.ts';
import { KMS_KEY_SPECS, KMS_SIGNING_ALGORITHMS, KMS_TAGS, type KmsNames } from './kms-names.ts';

/** A signing key in KMS. */
export interface KmsKey {
  readonly arn: string;
  readonly alias: string;
  readonly publicKey: KeyObject;
}

/** What keys are made with. */
export interface KmsKeysDeps {
  readonly client: KmsClient;
  readonly names: KmsNames;
  readonly deletions: KeyDeletions;
  /** A key policy in JSON; undefined: one for the role of this server. */
  readonly policy: string | undefined;
  /** Tags of all keys. */
  readonly tags: Tags;
  /** Whether keys get tags of their own too, to be found by. */
  readonly isFoundByTags: boolean;
  readonly nowSeconds: () => number;
  readonly log: Logger;
}

/** Makes keys in KMS and signs with them. */
export class KmsKeys implements RemoteKeyStore<KmsKey> {
  readonly #deps: KmsKeysDeps;
  /** Null: KMS's own default. */
  #policy: Promise<string | null> | undefined;

  constructor(deps: KmsKeysDeps) {
    this.#deps = deps;
  }

  async createKey(id: string, type: KeyType, replaced: KmsKey | undefined, options: AwsCallOptions): Promise<KmsKey> {
    const { client, names, deletions, log } = this.#deps;
    const policy = await this.#getPolicy(options);
    const tags = this.#tagsOf(id);
    const arn = await client.createKey(
      {
        Description: names.descriptionOf(id),
        KeySpec: KMS_KEY_SPECS[type],
        ...(policy !== null && { Policy: policy }),
        ...(tags.size > 0 && { Tags: toKmsTags(tags) }),
      },
      options,
    );
    log.debug('Key created', { key_arn: arn });
    const alias = names.aliasOf(id);
    try {
      const publicKey = parsePublicKey(await client.getPublicKey(arn, options));
      if (replaced === undefined) await client.createAlias(alias, arn, options);
      else await client.updateAlias(alias, arn, options);
      log.debug(replaced === undefined ? 'Alias created' : 'Alias updated', { alias_name: alias, key_arn: arn });
      if (replaced !== undefined) deletions.add(replaced.arn);
      return { arn, alias, publicKey };
    } catch (error) {
      // Nothing leads to it: it would cost until somebody cleans up.
      deletions.add(arn);
      throw error;
    }
  }

  async sign({ arn, publicKey }: KmsKey, data: Uint8Array, options: AwsCallOptions): Promise<Uint8Array> {
    const type = findKeyType(publicKey);
    if (type === undefined) throw new SpirekitError('internal', `key ${arn} is of no kind that is made here`);
    return await this.#deps.client.sign(arn, data, KMS_SIGNING_ALGORITHMS[type], options);
  }

  #tagsOf(id: string): Tags {
    const { tags, isFoundByTags, nowSeconds } = this.#deps;
    if (!isFoundByTags) return tags;
    return new Map([...tags, [KMS_TAGS.keyId, id], [KMS_TAGS.lastUpdate, String(nowSeconds())]]);
  }

  /** Asked for once, when it is first needed. */
  #getPolicy(options: AwsCallOptions): Promise<string | null> {
    if (this.#deps.policy !== undefined) return Promise.resolve(this.#deps.policy);
    if (this.#policy === undefined) {
      const asking = this.#makePolicy(options);
      this.#policy = asking;
      asking.catch(() => {
        this.#policy = undefined;
      });
    }
    return this.#policy;
  }

  async #makePolicy(options: AwsCallOptions): Promise<string | null> {
    const { account, arn } = await this.#deps.client.getCallerIdentity(options);
    const role = findAssumedRole(arn);
    if (role !== undefined) return formatKeyPolicy(arn, account, role);
    this.#deps.log.warn(
      'This server has assumed no IAM role, so its keys get the default policy of KMS, which lets the whole account use them; give it a role, or a policy by key_policy_file',
    );
    return null;
  }
}
