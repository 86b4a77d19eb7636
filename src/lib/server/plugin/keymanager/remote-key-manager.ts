import type { KeyObject } from 'node:crypto';
import type { KeyType } from '../../../crypto/key.ts';
import { SpirekitError } from '../../../runtime/errors.ts';
import type { KeyManager, ManagedKey } from './key-manager.ts';

/** A key as its store knows it. */
export interface RemoteKey {
  readonly publicKey: KeyObject;
}

/** What ends a call early. */
export interface RemoteCallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** A place outside of this process that makes keys and signs with them. */
export interface RemoteKeyStore<K extends RemoteKey> {
  /** Makes a key; from then on a restart finds it by this id, in place of `replaced`, which is no longer needed. */
  createKey(id: string, type: KeyType, replaced: K | undefined, options: RemoteCallOptions): Promise<K>;
  sign(key: K, data: Uint8Array, options: RemoteCallOptions): Promise<Uint8Array>;
}

/** What a manager of keys that are elsewhere is made from. */
export interface RemoteKeyManagerOptions<K extends RemoteKey> {
  /** The name in the configuration. */
  readonly name: string;
  /** For messages. */
  readonly keptIn: string;
  readonly store: RemoteKeyStore<K>;
  /** The keys that earlier runs made, by id. The manager adds its own to it. */
  readonly keys: Map<string, K>;
  /** Closed with the manager. */
  readonly resources: AsyncDisposable;
}

/** Keys whose private halves never enter this process. It knows their public halves; each signature is a call. */
export class RemoteKeyManager<K extends RemoteKey> implements KeyManager, AsyncDisposable {
  readonly name: string;
  readonly keptIn: string;
  readonly #store: RemoteKeyStore<K>;
  readonly #keys: Map<string, K>;
  readonly #resources: AsyncDisposable;
  /** The last change of each id: those of one id come one after the other, or a key could be lost between two. */
  readonly #changes = new Map<string, Promise<unknown>>();

  constructor({ name, keptIn, store, keys, resources }: RemoteKeyManagerOptions<K>) {
    this.name = name;
    this.keptIn = keptIn;
    this.#store = store;
    this.#keys = keys;
    this.#resources = resources;
  }

  async generateKey(id: string, type: KeyType, options: RemoteCallOptions = {}): Promise<ManagedKey> {
    if (id === '') throw new SpirekitError('invalid-argument', 'key id is required');
    const before = this.#changes.get(id) ?? Promise.resolve();
    const change = before
      .catch(() => undefined)
      .then(async () => {
        options.signal?.throwIfAborted();
        const key = await this.#store.createKey(id, type, this.#keys.get(id), options);
        this.#keys.set(id, key);
        return this.#view(id, key);
      });
    this.#changes.set(id, change);
    try {
      return await change;
    } finally {
      if (this.#changes.get(id) === change) this.#changes.delete(id);
    }
  }

  async findKey(id: string): Promise<ManagedKey | undefined> {
    const key = this.#keys.get(id);
    return key && this.#view(id, key);
  }

  async listKeys(): Promise<readonly ManagedKey[]> {
    return [...this.#keys].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([id, key]) => this.#view(id, key));
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#resources[Symbol.asyncDispose]();
  }

  #view(id: string, key: K): ManagedKey {
    return { id, publicKey: key.publicKey, sign: (data, options = {}) => this.#store.sign(key, data, options) };
  }
}
