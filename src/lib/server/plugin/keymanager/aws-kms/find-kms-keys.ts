import { parsePublicKey } from '../../../../crypto/key.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import type { Logger } from '../../../../runtime/logger.ts';
import type { AwsCallOptions } from '../../../aws/aws-call.ts';
import type { KmsAlias, KmsClient, Tags } from '../../../aws/kms-client.ts';
import type { KmsKey } from './kms-keys.ts';
import { KMS_TAGS, type KmsNames } from './kms-names.ts';

/** What keys are looked for with. */
export interface FindKmsKeysDeps {
  readonly client: KmsClient;
  readonly names: KmsNames;
  readonly log: Logger;
}

/** Keys that are asked for at the same time. */
const ASKED_AT_ONCE = 16;

/**
 * The keys of this server by the aliases that it gave them. Error: `failed-precondition` for a key that somebody disabled,
 * to be undone in KMS: going on without it would replace it.
 */
export async function findKeysByAlias(deps: FindKmsKeysDeps, options: AwsCallOptions): Promise<Map<string, KmsKey>> {
  const { client, names, log } = deps;
  const found: [string, KmsAlias][] = [];
  for await (const alias of client.listAliases(options)) {
    const id = names.findKeyId(alias.name);
    if (id === undefined) continue;
    if (!alias.hasTarget) {
      throw new SpirekitError('failed-precondition', `KMS alias ${alias.name} stands for no key; delete the alias`);
    }
    found.push([id, alias]);
  }
  log.debug('Found aliases', { num_aliases: found.length });
  return new Map(
    await mapInGroups(found, async ([id, alias]): Promise<[string, KmsKey]> => {
      const { arn, isEnabled } = await client.describeKey(alias.arn, options);
      if (!isEnabled) {
        throw new SpirekitError(
          'failed-precondition',
          `found disabled SPIRE key: ${arn}, alias: ${alias.name}; enable it in KMS, or cancel its deletion`,
        );
      }
      return [id, { arn, alias: alias.name, publicKey: parsePublicKey(await client.getPublicKey(arn, options)) }];
    }),
  );
}

/** The keys of this server by the tags that it gave them. */
export async function findKeysByTag(deps: FindKmsKeysDeps, options: AwsCallOptions): Promise<Map<string, KmsKey>> {
  const { client, names, log } = deps;
  const tagged: { readonly id: string; readonly arn: string }[] = [];
  for await (const { arn, tags } of client.findTaggedKeys(ownTags(names), options)) {
    const id = tags.get(KMS_TAGS.keyId);
    if (id === undefined) log.warn('Could not get SPIRE key ID from tags', { key_arn: arn });
    else tagged.push({ id, arn });
  }
  log.debug('Found keys with SPIRE tags', { num_keys: tagged.length });
  const keys = new Map<string, KmsKey & { readonly createdAtMs: number }>();
  const described = await mapInGroups(tagged, async ({ id, arn }) => ({
    id,
    ...(await client.describeKey(arn, options)),
  }));
  for (const { id, arn, isEnabled, createdAtMs } of described) {
    if (!isEnabled) {
      log.warn('Skipping disabled SPIRE key found via tags', { key_arn: arn });
      continue;
    }
    // One that was replaced keeps its tags until it is deleted.
    if ((keys.get(id)?.createdAtMs ?? Number.NEGATIVE_INFINITY) > createdAtMs) continue;
    const publicKey = parsePublicKey(await client.getPublicKey(arn, options));
    keys.set(id, { arn, alias: names.aliasOf(id), publicKey, createdAtMs });
  }
  return new Map([...keys].map(([id, { arn, alias, publicKey }]) => [id, { arn, alias, publicKey }]));
}

/** Keys by tag, and those that only an alias leads to, which get their tags now. */
export async function findKeysAndTagThem(
  deps: FindKmsKeysDeps & { readonly nowSeconds: () => number },
  options: AwsCallOptions,
): Promise<Map<string, KmsKey>> {
  const { client, names, log, nowSeconds } = deps;
  const keys = await findKeysByTag(deps, options);
  for (const [id, key] of await findKeysByAlias(deps, options)) {
    const known = keys.get(id);
    // The alias tells which key is in use.
    keys.set(id, key);
    if (known?.arn === key.arn) continue;
    log.info('Applying SPIRE tags to a key that only its alias leads to', { key_arn: key.arn });
    const tags = new Map([
      ...ownTags(names),
      [KMS_TAGS.keyId, id] as const,
      [KMS_TAGS.lastUpdate, String(nowSeconds())] as const,
    ]);
    try {
      await client.tagKey(key.arn, tags, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      log.warn('Failed to tag a key; it is used all the same, and tagged at the next start', {
        key_arn: key.arn,
        reason: error,
      });
    }
  }
  return keys;
}

/** The tags that all keys of a server have. */
export function ownTags({ trustDomain, serverId }: KmsNames): Tags {
  return new Map([
    [KMS_TAGS.trustDomain, trustDomain],
    [KMS_TAGS.serverId, serverId],
    [KMS_TAGS.isActive, 'true'],
  ]);
}

async function mapInGroups<T, R>(items: readonly T[], map: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += ASKED_AT_ONCE) {
    results.push(...(await Promise.all(items.slice(at, at + ASKED_AT_ONCE).map(map))));
  }
  return results;
}
