import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { isSamePublicKey } from '../../../../../src/lib/crypto/key.ts';
import { type Clock, systemClock } from '../../../../../src/lib/runtime/clock.ts';
import { ResourceStack } from '../../../../../src/lib/runtime/resource-stack.ts';
import { awsClientConfig } from '../../../../../src/lib/server/aws/aws-access.ts';
import * as sdk from '../../../../../src/lib/server/aws/aws-sdk.ts';
import { type KmsAlias, KmsClient } from '../../../../../src/lib/server/aws/kms-client.ts';
import { kmsKeyManager } from '../../../../../src/lib/server/plugin/keymanager/aws-kms/plugin.ts';
import type { KeyManager } from '../../../../../src/lib/server/plugin/keymanager/key-manager.ts';
import { DatedAliases } from '../../../../support/dated-aliases.ts';
import { ManualClock } from '../../../../support/manual-clock.ts';
import { findMoto, Moto } from '../../../../support/moto.ts';
import { pluginDeps } from '../plugin-deps.ts';
import { describeKeyManager } from './key-manager-suite.ts';

const found = await findMoto();
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describe('with the KMS of moto', () => {
  const resources = new ResourceStack();
  let folder: string | undefined;
  let kms: KmsClient;
  let aliases: DatedAliases;
  beforeEach(({ skip }) => skip('missing' in found, 'missing' in found ? found.missing : ''));
  beforeAll(async () => {
    if ('missing' in found) return;
    folder = mkdtempSync(join(tmpdir(), 'kms-keys-'));
    const moto = resources.use(await Moto.start(found));
    aliases = resources.use(await DatedAliases.open(moto.address));
    for (const [name, value] of Object.entries(moto.env)) vi.stubEnv(name, value);
    vi.stubEnv('AWS_ENDPOINT_URL', aliases.address);
    const access = { region: 'eu-central-1', accessKeyId: 'a', secretAccessKey: 'b' };
    kms = resources.use(new KmsClient(sdk, await awsClientConfig(access, {})));
  });
  afterAll(async () => {
    await resources.disposeAsync();
    vi.unstubAllEnvs();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  const ids = new WeakMap<KeyManager, string>();
  const secret = `secret-${randomUUID()}`;
  const settingsFor = (id: string, more = ''): string =>
    `region = "eu-central-1" access_key_id = "AKIA" secret_access_key = "${secret}" key_identifier_value = "${id}" ${more}`;

  interface OpenOptions {
    readonly more?: string;
    readonly clock?: Clock;
    readonly lines?: string[];
  }

  async function openAs(id: string, { more = '', clock = systemClock, lines = [] }: OpenOptions = {}) {
    const keys = await kmsKeyManager.open(settingsFor(id, more), pluginDeps({ clock, lines }));
    if (Symbol.asyncDispose in keys) resources.use(keys as KeyManager & AsyncDisposable);
    ids.set(keys, id);
    return keys;
  }

  async function aliasesOf(id: string): Promise<KmsAlias[]> {
    const all = await collect(kms.listAliases({}));
    return all.filter(({ name }) => name.startsWith(`alias/SPIRE_SERVER/example_org/${id}/`));
  }

  const arnOf = async (id: string, key = 'k'): Promise<string> =>
    (await kms.describeKey(`alias/SPIRE_SERVER/example_org/${id}/${key}`, {})).arn;
  const isEnabled = async (arn: string): Promise<boolean> => (await kms.describeKey(arn, {})).isEnabled;

  describeKeyManager('aws_kms', () => openAs(randomUUID()), { reopen: (before) => openAs(ids.get(before) ?? '') });

  describe('where keys are found by their tags', () => {
    const more = 'enable_tag_based_key_discovery = true';
    describeKeyManager('aws_kms', () => openAs(randomUUID(), { more }), {
      reopen: (before) => openAs(ids.get(before) ?? '', { more }),
    });

    test('takes over keys that have none yet, and tags them', async () => {
      const id = randomUUID();
      const made = await (await openAs(id)).generateKey('k', 'ec-p256');
      const lines: string[] = [];
      const taken = await (await openAs(id, { more, lines })).findKey('k');
      expect(taken && isSamePublicKey(taken.publicKey, made.publicKey)).toBe(true);
      expect(lines.join('')).toContain('Applying SPIRE tags');
      const tagged = await collect(kms.findTaggedKeys(new Map([['spire-server-id', id]]), {}));
      expect(tagged).toHaveLength(1);
      expect(Object.fromEntries(tagged[0]?.tags ?? [])).toEqual({
        'spire-server-td': 'example.org',
        'spire-server-id': id,
        'spire-active': 'true',
        'spire-key-id': 'k',
        'spire-last-update': expect.stringMatching(/^\d+$/),
      });
      const again: string[] = [];
      await openAs(id, { more, lines: again });
      expect(again.join('')).not.toContain('Applying SPIRE tags');
    });

    test('shows every six hours that its keys are used, and deletes those of servers that do not for two weeks', async () => {
      const clock = new ManualClock(Date.now());
      const [dead, alive] = [randomUUID(), randomUUID()];
      const gone = await openAs(dead, { more, clock });
      await gone.generateKey('k', 'ec-p256');
      const arn = await arnOf(dead);
      await dispose(gone);
      const lines: string[] = [];
      const used = await openAs(alive, { more, clock, lines });
      await used.generateKey('k', 'ec-p256');
      const own = await arnOf(alive);
      for (let day = 0; day <= 16; day += 1) {
        clock.advance(6 * HOUR_MS);
        await untilIdle(lines, clock);
        clock.advance(18 * HOUR_MS);
        await untilIdle(lines, clock);
      }
      await vi.waitFor(async () => expect(await isEnabled(arn)).toBe(false), { timeout: 20_000 });
      expect(await isEnabled(own)).toBe(true);
    });
  });

  test('names keys and aliases as SPIRE does, so that either server knows them', async () => {
    const id = randomUUID();
    await (await openAs(id)).generateKey('x509-CA-A', 'ec-p256');
    await (await openAs(`${id}/part`)).generateKey('a.b+c', 'ec-p256');
    expect((await aliasesOf(id)).map(({ name }) => name).sort()).toEqual([
      `alias/SPIRE_SERVER/example_org/${id}/part/a_2eb_2bc`,
      `alias/SPIRE_SERVER/example_org/${id}/x509-CA-A`,
    ]);
    const { description } = await kms.describeKey(await arnOf(id, 'x509-CA-A'), {});
    expect(description).toBe('SPIRE_SERVER_KEY/example_org/x509-CA-A');
  });

  test('has the key deleted that was replaced', async () => {
    const id = randomUUID();
    const keys = await openAs(id);
    await keys.generateKey('k', 'ec-p256');
    const first = await arnOf(id);
    await keys.generateKey('k', 'ec-p256');
    await vi.waitFor(async () => expect(await isEnabled(first)).toBe(false), { timeout: 20_000 });
    expect(await isEnabled(await arnOf(id))).toBe(true);
  });

  test('gives keys the tags and the policy of the configuration', async () => {
    const id = randomUUID();
    const path = join(folder ?? '', 'policy.json');
    writeFileSync(path, '{"Version":"2012-10-17","Statement":[]}');
    const more = `key_policy_file = "${path}" key_tags { team = "identity" "cost center" = "7" }`;
    await (await openAs(id, { more })).generateKey('k', 'ec-p256');
    const tagged = await collect(kms.findTaggedKeys(new Map([['team', 'identity']]), {}));
    expect(tagged.map(({ arn }) => arn)).toContain(await arnOf(id));
    await expect(openAs(id, { more: 'key_policy_file = "/none"' })).rejects.toThrow(
      "failed to read file configured in 'key_policy_file': open /none: no such file or directory",
    );
  });

  test('refreshes its aliases, and deletes those of servers of the trust domain that do not for two weeks', async () => {
    const clock = new ManualClock(Date.now());
    const [dead, alive] = [randomUUID(), randomUUID()];
    const gone = await openAs(dead);
    await gone.generateKey('k', 'ec-p256');
    const arn = await arnOf(dead);
    // Another trust domain, whose name begins alike.
    const foreign = await kms.createKey(
      { Description: 'SPIRE_SERVER_KEY/example_organ/k', KeySpec: 'ECC_NIST_P256' },
      {},
    );
    await kms.createAlias('alias/SPIRE_SERVER/example_organ/x/k', foreign, {});
    const lines: string[] = [];
    await (await openAs(alive, { clock, lines })).generateKey('k', 'ec-p256');
    const own = await arnOf(alive);
    aliases.nowMs = () => clock.nowMs();
    clock.advance(13 * DAY_MS + HOUR_MS);
    await untilIdle(lines, clock);
    expect(await isEnabled(arn)).toBe(true);
    expect((await aliasesOf(alive))[0]?.updatedAtMs).toBe(clock.nowMs());
    clock.advance(2 * DAY_MS);
    await vi.waitFor(async () => expect(await isEnabled(arn)).toBe(false), { timeout: 20_000 });
    expect(await aliasesOf(dead)).toEqual([]);
    expect(await isEnabled(own)).toBe(true);
    expect(await isEnabled(foreign)).toBe(true);
    expect(lines.join('')).toContain('Refreshing aliases');
  });

  test('deletes keys of the trust domain to which no alias leads after two days', async () => {
    const orphan = await kms.createKey({ Description: 'SPIRE_SERVER_KEY/example_org/k', KeySpec: 'ECC_NIST_P256' }, {});
    const foreign = await kms.createKey(
      { Description: 'SPIRE_SERVER_KEY/example_organ/k', KeySpec: 'ECC_NIST_P256' },
      {},
    );
    const clock = new ManualClock(Date.now());
    const id = randomUUID();
    await (await openAs(id, { clock })).generateKey('k', 'ec-p256');
    clock.advance(2 * DAY_MS + HOUR_MS);
    await vi.waitFor(async () => expect(await isEnabled(orphan)).toBe(false), { timeout: 20_000 });
    expect(await isEnabled(foreign)).toBe(true);
    expect(await isEnabled(await arnOf(id))).toBe(true);
  });

  test('does not go on without a key that somebody has disabled', async () => {
    const id = randomUUID();
    await (await openAs(id)).generateKey('k', 'ec-p256');
    await kms.scheduleDeletion(await arnOf(id), {});
    await expect(openAs(id)).rejects.toMatchObject({
      code: 'failed-precondition',
      message: expect.stringMatching(/found disabled SPIRE key: .*enable it in KMS/),
    });
  });

  test('leaves no key behind where its alias cannot be made', async () => {
    const id = randomUUID();
    const [one, other] = [await openAs(id), await openAs(id)];
    await one.generateKey('k', 'ec-p256');
    const before = await collect(kms.listKeys({}));
    await expect(other.generateKey('k', 'ec-p256')).rejects.toMatchObject({ code: 'already-exists' });
    expect(await other.findKey('k')).toBeUndefined();
    const made = (await collect(kms.listKeys({}))).filter((arn) => !before.includes(arn));
    expect(made).toHaveLength(1);
    await vi.waitFor(async () => expect(await isEnabled(made[0] ?? '')).toBe(false), { timeout: 20_000 });
  });

  test('says what is wrong without credentials, and keeps them out of its log', async () => {
    const lines: string[] = [];
    await (await openAs(randomUUID(), { lines })).generateKey('k', 'ec-p256');
    expect(lines.join('')).toContain('Key created');
    expect(lines.join('')).not.toContain(secret);
    const settings = 'region = "eu-central-1" key_identifier_value = "x"';
    await expect(kmsKeyManager.open(settings, pluginDeps({ clock: systemClock }))).rejects.toMatchObject({
      code: 'unauthenticated',
      message: expect.stringMatching(/AWS KMS ListAliases failed: .*check the credentials of this server/),
    });
  });

  test.each([
    ['', 'configuration is missing a region'],
    ['region = "r"', 'configuration requires a key identifier file or a key identifier value'],
    ['region = "r" key_identifier_value = "a b"', 'Key identifier must contain only alphanumeric characters'],
    ['region = "r" key_identifier_value = "a" key_tags { "aws:x" = "1" }', "uses reserved prefix 'aws:'"],
  ])('refuses the settings %j', async (settings, reason) => {
    await expect(kmsKeyManager.open(settings, pluginDeps({ clock: systemClock }))).rejects.toThrow(reason);
  });
});

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function dispose(keys: KeyManager): Promise<void> {
  if (Symbol.asyncDispose in keys) await (keys as KeyManager & AsyncDisposable)[Symbol.asyncDispose]();
}

/** Resolves when all chores wait for their next time. */
async function untilIdle(lines: readonly string[], clock: ManualClock): Promise<void> {
  await vi.waitFor(() => expect(clock.pending, lines.join('')).toBe(3), { timeout: 20_000, interval: 5 });
}
