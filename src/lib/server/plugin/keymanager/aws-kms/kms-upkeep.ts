import type { Clock } from '../../../../runtime/clock.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import type { Logger } from '../../../../runtime/logger.ts';
import { NO_METRICS } from '../../../../telemetry/metrics.ts';
import type { KmsClient } from '../../../aws/kms-client.ts';
import { type Chore, Housekeeping } from '../../../housekeeping.ts';
import type { KeyDeletions } from '../key-deletions.ts';
import type { KmsKey } from './kms-keys.ts';
import { KMS_TAGS, type KmsNames } from './kms-names.ts';

/** What keeps KMS tidy. */
export interface KmsUpkeepDeps {
  readonly client: KmsClient;
  readonly names: KmsNames;
  /** The keys of this server, as they are now. */
  readonly keys: ReadonlyMap<string, KmsKey>;
  readonly deletions: KeyDeletions;
  readonly isFoundByTags: boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

const HOUR_MS = 60 * 60 * 1000;
const REFRESH_EVERY_MS = 6 * HOUR_MS;
const DISPOSE_ALIASES_EVERY_MS = 24 * HOUR_MS;
const DISPOSE_KEYS_EVERY_MS = 48 * HOUR_MS;
/** A server that has shown no sign of life for so long is gone. */
const STALE_AFTER_MS = 14 * 24 * HOUR_MS;
/** A key without an alias that is older was left by a failure in between. */
const ORPHANED_AFTER_MS = 48 * HOUR_MS;

/**
 * Shows that this server's keys are in use, and deletes those of servers of its trust domain that show it no more; times
 * and signs of life are SPIRE's, whose servers may be among them.
 */
export class KmsUpkeep implements AsyncDisposable {
  readonly #deps: KmsUpkeepDeps;
  readonly #housekeeping: Housekeeping;
  readonly #stopping = new AbortController();

  constructor(deps: KmsUpkeepDeps) {
    this.#deps = deps;
    this.#housekeeping = new Housekeeping({ ...deps, metrics: NO_METRICS });
    this.#housekeeping.start(deps.isFoundByTags ? this.#choresByTag() : this.#choresByAlias());
  }

  /** Resolves when what the timers started so far is done. */
  settled(): Promise<void> {
    return this.#housekeeping.settled();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort(new SpirekitError('unavailable', 'the server is stopping'));
    await this.#housekeeping[Symbol.asyncDispose]();
  }

  #choresByAlias(): Chore[] {
    return [
      { name: 'refreshing KMS aliases', everyMs: REFRESH_EVERY_MS, run: () => this.#refreshAliases() },
      { name: 'disposing of KMS aliases', everyMs: DISPOSE_ALIASES_EVERY_MS, run: () => this.#disposeAliases() },
      { name: 'disposing of KMS keys', everyMs: DISPOSE_KEYS_EVERY_MS, run: () => this.#disposeOrphans() },
    ];
  }

  /** Aliases are refreshed all the same, for the day on which the setting is taken back. */
  #choresByTag(): Chore[] {
    return [
      { name: 'refreshing KMS aliases', everyMs: REFRESH_EVERY_MS, run: () => this.#refreshAliases() },
      { name: 'refreshing KMS tags', everyMs: REFRESH_EVERY_MS, run: (now) => this.#refreshTags(now) },
      { name: 'disposing of KMS keys', everyMs: DISPOSE_KEYS_EVERY_MS, run: (now) => this.#disposeStaleKeys(now) },
    ];
  }

  /** KMS notes when an alias was last updated, also to what it was. */
  async #refreshAliases(): Promise<void> {
    const { client, log } = this.#deps;
    log.debug('Refreshing aliases');
    await this.#eachOwnKey('Failed to refresh alias', async ({ alias, arn }) => {
      const current = await client.describeKey(alias, this.#call);
      if (current.arn === arn) return await client.updateAlias(alias, arn, this.#call);
      log.warn('Alias stands for another key than this server uses; it is left so', {
        alias_name: alias,
        cached_arn: arn,
        current_arn: current.arn,
      });
    });
  }

  async #refreshTags(nowSeconds: number): Promise<void> {
    const { client, log } = this.#deps;
    log.debug('Updating last-update tag on managed keys');
    const tags = new Map([[KMS_TAGS.lastUpdate, String(nowSeconds)]]);
    await this.#eachOwnKey('Failed to update last-update tag', ({ arn }) => client.tagKey(arn, tags, this.#call));
  }

  /** Aliases of other servers of the trust domain that nobody has refreshed, and the keys behind them. */
  async #disposeAliases(): Promise<void> {
    const { client, names, deletions, clock, log } = this.#deps;
    log.debug('Looking for aliases in trust domain to dispose');
    for await (const { name, arn: aliasArn, updatedAtMs } of client.listAliases(this.#call)) {
      if (!name.startsWith(names.aliasPrefixOfTrustDomain) || name.startsWith(names.aliasPrefix)) continue;
      if (updatedAtMs === undefined || clock.nowMs() - updatedAtMs < STALE_AFTER_MS) continue;
      log.debug('Found alias in trust domain beyond threshold', { alias_name: name });
      await this.#try('Failed to clean up old KMS keys', { alias_name: name }, async () => {
        const { arn, isEnabled } = await client.describeKey(aliasArn, this.#call);
        if (!isEnabled) return;
        await client.deleteAlias(name, this.#call);
        deletions.add(arn);
      });
    }
  }

  /** Keys of the trust domain, of whatever server, to which no alias leads. */
  async #disposeOrphans(): Promise<void> {
    const { client, names, deletions, clock, log } = this.#deps;
    log.debug('Looking for keys in trust domain to dispose');
    for await (const arn of client.listKeys(this.#call)) {
      await this.#try('Failed to clean up KMS keys', { key_arn: arn }, async () => {
        const { isEnabled, description, createdAtMs } = await client.describeKey(arn, this.#call);
        if (!isEnabled || !description.startsWith(names.descriptionPrefix)) return;
        if (clock.nowMs() - createdAtMs < ORPHANED_AFTER_MS) return;
        for await (const _alias of client.listAliases({ ...this.#call, key: arn })) return;
        log.debug('Found key in trust domain beyond threshold', { key_arn: arn });
        deletions.add(arn);
      });
    }
  }

  /** Keys of other servers of the trust domain whose tags nobody has refreshed. */
  async #disposeStaleKeys(nowSeconds: number): Promise<void> {
    const { client, names, log } = this.#deps;
    log.debug('Looking for stale keys to dispose using tag-based discovery');
    const filter = new Map([
      [KMS_TAGS.trustDomain, names.trustDomain],
      [KMS_TAGS.isActive, 'true'],
    ]);
    for await (const { arn, tags } of client.findTaggedKeys(filter, this.#call)) {
      if (tags.get(KMS_TAGS.serverId) === names.serverId) continue;
      const updated = Number(tags.get(KMS_TAGS.lastUpdate) ?? '0');
      if (Number.isNaN(updated)) {
        log.warn('Malformed spire-last-update tag value, skipping key', { key_arn: arn });
        continue;
      }
      if (nowSeconds - updated < STALE_AFTER_MS / 1000) continue;
      log.debug('Found stale key beyond threshold', { key_arn: arn });
      await this.#try('Failed to clean up stale KMS keys', { key_arn: arn }, async () => {
        await unlessBeingDeleted(client.scheduleDeletion(arn, this.#call));
        await unlessBeingDeleted(client.tagKey(arn, new Map([[KMS_TAGS.isActive, 'false']]), this.#call));
      });
    }
  }

  async #eachOwnKey(failure: string, work: (key: KmsKey) => Promise<void>): Promise<void> {
    for (const key of [...this.#deps.keys.values()]) {
      await this.#try(failure, { alias_name: key.alias, key_arn: key.arn }, () => work(key));
    }
  }

  /** One that fails keeps none of the others. */
  async #try(failure: string, fields: Readonly<Record<string, string>>, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#stopping.signal.throwIfAborted();
      this.#deps.log.error(failure, { ...fields, reason: error });
    }
  }

  get #call(): { readonly signal: AbortSignal } {
    return { signal: this.#stopping.signal };
  }
}

/** KMS refuses both on a key that waits for its deletion. */
async function unlessBeingDeleted(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (SpirekitError.from(error).code !== 'failed-precondition') throw error;
  }
}
