import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { CaJournal } from '../../../src/lib/server/datastore/ca-journal-store.ts';
import type { DataStore } from '../../../src/lib/server/datastore/datastore.ts';
import { openSqliteDataStore } from '../../../src/lib/server/datastore/sqlite/open-sqlite-data-store.ts';
import { BundleDefinition, GetBundleRequest } from '../../../src/lib/wire/gen/spire/api/server/bundle/v1/bundle.ts';
import { LocalAuthorityDefinition } from '../../../src/lib/wire/gen/spire/api/server/localauthority/v1/localauthority.ts';
import type { Bundle } from '../../../src/lib/wire/gen/spire/api/types/bundle.ts';
import { ServerHome } from './running-server.ts';

/** What `bundle show` shows. */
async function bundleOf(home: ServerHome): Promise<Bundle> {
  await using client = home.local();
  return await client.unary(BundleDefinition, 'getBundle', GetBundleRequest.create());
}

/** A server that has signed and has a successor of its CA prepared; it is stopped again. Resolves with its bundle. */
async function startOnce(home: ServerHome): Promise<Bundle> {
  await using _server = await home.start();
  await using client = home.local();
  await client.unary(LocalAuthorityDefinition, 'prepareX509Authority', {});
  return await bundleOf(home);
}

const databasePath = (home: ServerHome): string => join(home.folder, 'data', 'datastore.sqlite3');

async function inDatastore<T>(home: ServerHome, work: (datastore: DataStore) => Promise<T>): Promise<T> {
  await using datastore = await openSqliteDataStore({ path: databasePath(home), clock: home.clock });
  return await work(datastore);
}

async function journalOf(home: ServerHome): Promise<CaJournal & { readonly id: number }> {
  const [journal] = await inDatastore(home, ({ caJournals }) => caJournals.listCaJournals());
  if (journal === undefined) throw new Error('no journal');
  return journal;
}

/** The keys file without one of its keys. */
function withoutKey(text: string, id: string): string {
  const { keys } = JSON.parse(text);
  return JSON.stringify({ keys: Object.fromEntries(Object.entries(keys).filter(([name]) => name !== id)) });
}

describe('a damaged keys.json stops the server and changes nothing', () => {
  test.each<[string, (text: string) => string | Promise<string>, RegExp]>([
    ['that is cut off', (text) => text.slice(0, -20), /is damaged: unable to decode keys JSON; restore it/],
    ['that is empty', () => '', /is damaged: unable to decode keys JSON; restore it/],
    ['that holds no keys', () => '{"keys":{}}', /holds no keys, but .* new root\. Restore the keys and the datastore/],
    [
      'with a damaged key',
      (text) => text.replace('"x509-CA-A": "', '"x509-CA-A": "AAAA'),
      /is damaged: unable to parse key "x509-CA-A".*; restore it/,
    ],
    [
      'without the key of the active CA',
      (text) => withoutKey(text, 'x509-CA-A'),
      /holds only keys that the datastore knows nothing of, but .* new root\. Restore/,
    ],
    [
      'without the key of the prepared CA',
      (text) => withoutKey(text, 'x509-CA-B'),
      /has lost the key of the prepared X509 CA in slot B .*; restore the keys and the datastore from one backup/,
    ],
    [
      'without the key of the active JWT authority',
      (text) => withoutKey(text, 'JWT-Signer-A'),
      /has lost the key of the active JWT key in slot A .*; restore the keys and the datastore from one backup/,
    ],
    [
      'of another server',
      async () => {
        await using other = new ServerHome();
        await startOnce(other);
        return readFileSync(other.keysPath, 'utf8');
      },
      /holds only keys that the datastore knows nothing of, but .* new root\. Restore/,
    ],
  ])('%s', async (_what, damage, message) => {
    await using home = new ServerHome();
    const bundle = await startOnce(home);
    const whole = readFileSync(home.keysPath, 'utf8');
    const damaged = await damage(whole);
    writeFileSync(home.keysPath, damaged);
    const journal = await journalOf(home);
    await expect(home.start()).rejects.toMatchObject({ code: 'data-loss', message: expect.stringMatching(message) });
    expect(readFileSync(home.keysPath, 'utf8')).toBe(damaged);
    expect(await journalOf(home)).toEqual(journal);
    writeFileSync(home.keysPath, whole);
    await home.start();
    expect(await bundleOf(home)).toEqual(bundle);
  });

  test('that is gone', async () => {
    await using home = new ServerHome();
    const bundle = await startOnce(home);
    const whole = readFileSync(home.keysPath, 'utf8');
    rmSync(home.keysPath);
    await expect(home.start()).rejects.toMatchObject({
      code: 'data-loss',
      message: expect.stringContaining(`keys file "${home.keysPath}" holds no keys`),
    });
    writeFileSync(home.keysPath, whole);
    await home.start();
    expect(await bundleOf(home)).toEqual(bundle);
  });
});

describe('a damaged CA journal stops the server and changes nothing', () => {
  test.each<[string, (journal: CaJournal) => CaJournal, RegExp]>([
    ['that is cut off', (one) => ({ ...one, data: one.data.slice(0, -9) }), /its checksum does not match; restore/],
    ['that is empty', (one) => ({ ...one, data: new Uint8Array() }), /it does not begin as a journal; restore/],
    [
      'with a wrong checksum',
      (one) => ({ ...one, data: one.data.with(30, (one.data[30] ?? 0) === 48 ? 49 : 48) }),
      /its checksum does not match; restore the datastore and the keys from one backup/,
    ],
    [
      'of a version to come',
      ({ data, ...one }) => ({
        ...one,
        data: Buffer.from(Buffer.from(data).toString().replace('journal 1', 'journal 2')),
      }),
      /a format that this version does not know; start the newer version that wrote it/,
    ],
    [
      'of another server',
      (one) => ({ ...one, activeX509AuthorityId: '00'.repeat(20) }),
      /holds only keys that the datastore knows nothing of, but .* new root\. Restore/,
    ],
  ])('%s', async (_what, damage, message) => {
    await using home = new ServerHome();
    const bundle = await startOnce(home);
    const whole = await journalOf(home);
    const keys = readFileSync(home.keysPath, 'utf8');
    const damaged = { ...whole, ...damage(whole) };
    await inDatastore(home, ({ caJournals }) => caJournals.saveCaJournal(damaged));
    await expect(home.start()).rejects.toMatchObject({ code: 'data-loss', message: expect.stringMatching(message) });
    expect(Buffer.compare((await journalOf(home)).data, damaged.data)).toBe(0);
    expect(readFileSync(home.keysPath, 'utf8')).toBe(keys);
    await inDatastore(home, ({ caJournals }) => caJournals.saveCaJournal(whole));
    await home.start();
    expect(await bundleOf(home)).toEqual(bundle);
  });

  test('that is gone with the whole datastore', async () => {
    await using home = new ServerHome();
    await startOnce(home);
    const keys = readFileSync(home.keysPath, 'utf8');
    for (const suffix of ['', '-wal', '-shm']) rmSync(databasePath(home) + suffix, { force: true });
    await expect(home.start()).rejects.toMatchObject({
      code: 'data-loss',
      message: expect.stringContaining(
        'to begin with a new root on purpose, move data folder, datastore and keys away',
      ),
    });
    expect(readFileSync(home.keysPath, 'utf8')).toBe(keys);
  });
});

describe('a server on purpose without its keys', () => {
  test('begins with a new root where they are only in memory', async () => {
    await using home = new ServerHome();
    const keyManager = 'KeyManager "memory" {}';
    for (const _ of [1, 2]) {
      await using _server = await home.start({ keyManager });
    }
    await home.start({ keyManager });
    expect(await bundleOf(home)).toMatchObject({ x509Authorities: { length: 3 } });
    expect(home.logLines.join('')).toContain('agents that do not have it must bootstrap again');
  });
});
