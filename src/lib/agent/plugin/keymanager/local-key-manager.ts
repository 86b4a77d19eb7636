import type { KeyObject } from 'node:crypto';
import { generateKey, type KeyType } from '../../../crypto/key.ts';
import { SpirekitError } from '../../../runtime/errors.ts';
import type { KeyManager, ManagedKey } from './key-manager.ts';

/** Keeps all keys durably, or rejects and has changed nothing. */
export type PersistKeys = (keys: ReadonlyMap<string, KeyObject>) => Promise<void>;

/** A key manager whose keys live in this process; `persist` decides what is left of them after it. */
export class LocalKeyManager implements KeyManager {
  readonly name: string;
  readonly #keys: Map<string, KeyObject>;
  readonly #persist: PersistKeys;
  /** Changes happen one after the other: each is kept together with all before it. */
  #lastChange: Promise<unknown> = Promise.resolve();

  constructor(name: string, keys: ReadonlyMap<string, KeyObject>, persist: PersistKeys) {
    this.name = name;
    this.#keys = new Map(keys);
    this.#persist = persist;
  }

  async generateKey(id: string, type: KeyType): Promise<ManagedKey> {
    if (id === '') throw new SpirekitError('invalid-argument', 'failed to generate key: key id is required');
    const privateKey = await generateKey(type);
    const change = this.#lastChange.then(async () => {
      await this.#persist(new Map(this.#keys).set(id, privateKey));
      this.#keys.set(id, privateKey);
    });
    this.#lastChange = change.catch(() => undefined);
    await change;
    return { id, privateKey };
  }

  async listKeys(): Promise<readonly ManagedKey[]> {
    return [...this.#keys]
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([id, privateKey]) => ({ id, privateKey }));
  }
}
