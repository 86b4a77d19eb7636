import type { KeyObject } from 'node:crypto';
import { generateKey, type KeyType } from '../../../crypto/key.ts';
import { signerFromKey } from '../../../crypto/signer.ts';
import { SpirekitError } from '../../../runtime/errors.ts';
import type { KeyManager, ManagedKey } from './key-manager.ts';

/** Keeps all keys durably, or rejects and has changed nothing. */
export type PersistKeys = (keys: ReadonlyMap<string, KeyObject>) => Promise<void>;

/** A key manager whose keys live in this process. What becomes of them between runs is up to `persist`. */
export class LocalKeyManager implements KeyManager {
  readonly name: string;
  readonly #keys: Map<string, KeyObject>;
  readonly #persist: PersistKeys;
  /** Writes happen one after the other: each holds all keys known by then. */
  #lastWrite: Promise<void> = Promise.resolve();

  constructor(name: string, keys: ReadonlyMap<string, KeyObject>, persist: PersistKeys) {
    this.name = name;
    this.#keys = new Map(keys);
    this.#persist = persist;
  }

  async generateKey(id: string, type: KeyType): Promise<ManagedKey> {
    if (id === '') throw new SpirekitError('invalid-argument', 'key id is required');
    const key = await generateKey(type);
    await this.#keep(id, key);
    return managedKey(id, key);
  }

  async findKey(id: string): Promise<ManagedKey | undefined> {
    const key = this.#keys.get(id);
    return key && managedKey(id, key);
  }

  async listKeys(): Promise<readonly ManagedKey[]> {
    return [...this.#keys].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([id, key]) => managedKey(id, key));
  }

  #keep(id: string, key: KeyObject): Promise<void> {
    const write = this.#lastWrite.then(async () => {
      await this.#persist(new Map(this.#keys).set(id, key));
      this.#keys.set(id, key);
    });
    this.#lastWrite = write.catch(() => undefined);
    return write;
  }
}

function managedKey(id: string, key: KeyObject): ManagedKey {
  const signer = signerFromKey(key);
  return { id, publicKey: signer.publicKey, sign: (data) => signer.sign(data) };
}
