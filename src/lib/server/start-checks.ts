import type { ServerConfig } from '../config/server/server-config.ts';
import { SpirekitError } from '../runtime/errors.ts';
import type { DataFolder } from './data-folder.ts';
import type { DataStore } from './datastore/datastore.ts';
import type { KeyManager } from './plugin/keymanager/key-manager.ts';

/** Error: `failed-precondition` when the datastore belongs to another trust domain. The sentence is SPIRE's. */
export async function checkTrustDomain({ trustDomain }: ServerConfig, { entries }: DataStore): Promise<void> {
  const [first] = (await entries.listEntries({}, { size: 1, token: '' })).items;
  if (first === undefined || first.spiffeId.isMemberOf(trustDomain)) return;
  throw new SpirekitError(
    'failed-precondition',
    `a registration entry with trust domain '${first.spiffeId.trustDomain}' has been detected, which does not match the configured trust domain of '${trustDomain}'. If you want to change the trust domain, please delete all existing registration entries`,
  );
}

/**
 * Keys that nobody here made must not be replaced: they may sign for a trust domain that is in use. And those that did
 * sign must not be missing: others would give the trust domain a new root.
 */
export async function claimFolder(
  folder: DataFolder,
  { dataDir }: ServerConfig,
  { keyManager, foundKeys }: { readonly keyManager: KeyManager; readonly foundKeys: boolean },
): Promise<void> {
  if (foundKeys && !folder.isClaimed) {
    throw new SpirekitError(
      'failed-precondition',
      'the key manager holds signing keys that the datastore knows nothing of, and this server has not run with ' +
        `data folder ${JSON.stringify(dataDir)} before: starting would replace them. Restore the datastore, or give this server a key manager of its own`,
    );
  }
  if (folder.hasKeptKeys && keyManager.keptIn !== undefined) {
    const what = foundKeys ? 'holds only keys that the datastore knows nothing of' : 'holds no keys';
    throw new SpirekitError(
      'data-loss',
      `${keyManager.keptIn} ${what}, but this server has signed with data folder ${JSON.stringify(dataDir)} before: starting would give the trust domain a new root. ` +
        'Restore the keys and the datastore from one backup; to begin with a new root on purpose, move data folder, datastore and keys away',
    );
  }
  await folder.claim();
}
