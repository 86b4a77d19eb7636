import type { Clock } from '../../../../runtime/clock.ts';
import type { Logger } from '../../../../runtime/logger.ts';
import { ResourceStack } from '../../../../runtime/resource-stack.ts';
import { TransitEngine, type TransitKey } from '../../../vault/transit-engine.ts';
import { VaultClient } from '../../../vault/vault-client.ts';
import type { VaultSettings } from '../../../vault/vault-settings.ts';
import { KeyDeletions } from '../key-deletions.ts';
import { RemoteKeyManager } from '../remote-key-manager.ts';
import { findKeyId, newKeyName } from './key-name.ts';

/** What the key manager is made from. */
export interface VaultKeyManagerOptions {
  readonly vault: VaultSettings;
  /** Where the transit engine is mounted. */
  readonly transitPath: string;
  /** Tells this server's keys from those of others in the same engine. */
  readonly serverId: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Ends the opening. */
  readonly signal?: AbortSignal | undefined;
}

/** Reading all keys of an earlier run at once must not open too many connections. */
const READS_AT_ONCE = 16;

/**
 * Keys in a transit engine of Vault or OpenBao, under SPIRE's names. Each has a name of its own there: replacing a key
 * makes a new one and deletes the old one afterwards. Of two for the same id, left by a stop in between, the newer counts.
 *
 * Errors: those of logging in and of the engine.
 */
export async function openVaultKeyManager(options: VaultKeyManagerOptions): Promise<RemoteKeyManager<TransitKey>> {
  const { vault, transitPath, serverId, clock, log, signal } = options;
  await using opening = new ResourceStack();
  const client = opening.use(await VaultClient.open(vault, { clock, log, signal }));
  const engine = new TransitEngine(client, transitPath);
  const deletions = opening.use(
    new KeyDeletions({
      deleteKey: (name, call) => engine.deleteKey(name, call),
      describe: (name) => ({ key_name: name }),
      clock,
      log,
    }),
  );
  log.debug('Fetching keys from Vault');
  const { keys, stale } = await loadKeys(engine, serverId, signal);
  for (const [id] of keys) log.debug('Key loaded', { key_id: id });
  for (const name of stale) {
    log.warn('Stale key found on startup, scheduling for deletion', { key_name: name });
    deletions.add(name);
  }
  return new RemoteKeyManager({
    name: 'hashicorp_vault',
    keptIn: `${engine.place} with key identifier ${JSON.stringify(serverId)}`,
    store: {
      createKey: async (id, type, replaced, call) => {
        const key = await engine.createKey(newKeyName(serverId, id), type, call);
        if (replaced !== undefined) deletions.add(replaced.name);
        return key;
      },
      sign: (key, data, call) => engine.sign(key, data, call),
    },
    keys,
    resources: opening.move(),
  });
}

/** This server's newest key of each id, and the names of those that newer ones have replaced. */
async function loadKeys(
  engine: TransitEngine,
  serverId: string,
  signal: AbortSignal | undefined,
): Promise<{ keys: Map<string, TransitKey>; stale: string[] }> {
  const own = (await engine.listKeyNames({ signal })).filter((name) => findKeyId(serverId, name) !== undefined);
  const keys = new Map<string, TransitKey>();
  const stale: string[] = [];
  for (let at = 0; at < own.length; at += READS_AT_ONCE) {
    const names = own.slice(at, at + READS_AT_ONCE);
    for (const key of await Promise.all(names.map((name) => engine.getKey(name, { signal })))) {
      const id = findKeyId(serverId, key.name) ?? '';
      const other = keys.get(id);
      if (other === undefined) keys.set(id, key);
      else if (key.createdAtNs > other.createdAtNs) {
        stale.push(other.name);
        keys.set(id, key);
      } else stale.push(key.name);
    }
  }
  return { keys, stale };
}
