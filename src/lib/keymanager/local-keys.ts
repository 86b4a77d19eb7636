import type { KeyObject } from 'node:crypto';
import { generateKey, type KeyType } from '../crypto/key.ts';
import { SpirekitError } from '../runtime/errors.ts';

/** How a key is made. */
export interface KeyOptions {
  /** A key that cannot be kept is made all the same; it ends with the process unless a later one is kept. Default false. */
  readonly evenIfNotKept?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Keeps all keys durably, or rejects and has changed nothing. */
export type PersistKeys = (keys: ReadonlyMap<string, KeyObject>) => Promise<void>;

/**
 * What the key managers of both daemons share when their keys live in this process: keys by id, made one after the
 * other and kept before anybody gets them. `K` is how a daemon sees a key.
 */
export abstract class LocalKeys<K> {
  /** The name in the configuration, such as `disk`. */
  readonly name: string;
  readonly #keys: Map<string, KeyObject>;
  readonly #persist: PersistKeys;
  /** Writes happen one after the other: each holds all keys known by then. */
  #lastWrite: Promise<void> = Promise.resolve();

  /** @param persist decides what becomes of the keys between runs */
  constructor(name: string, keys: ReadonlyMap<string, KeyObject>, persist: PersistKeys) {
    this.name = name;
    this.#keys = new Map(keys);
    this.#persist = persist;
  }

  /** The key as the daemon sees it. */
  protected abstract view(id: string, key: KeyObject): K;

  /** Makes a key, instead of one of the same id. Errors: `invalid-argument` for an empty id, those of `persist`. */
  async generateKey(id: string, type: KeyType, { evenIfNotKept = false, signal }: KeyOptions = {}): Promise<K> {
    signal?.throwIfAborted();
    if (id === '') throw new SpirekitError('invalid-argument', 'key id is required');
    const key = await generateKey(type);
    await this.#keep(id, key, evenIfNotKept);
    return this.view(id, key);
  }

  async findKey(id: string): Promise<K | undefined> {
    const key = this.#keys.get(id);
    return key && this.view(id, key);
  }

  /** All keys in order of their ids. */
  async listKeys(): Promise<readonly K[]> {
    return [...this.#keys].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([id, key]) => this.view(id, key));
  }

  #keep(id: string, key: KeyObject, evenIfNotKept: boolean): Promise<void> {
    const write = this.#lastWrite.then(async () => {
      try {
        await this.#persist(new Map(this.#keys).set(id, key));
      } catch (error) {
        if (!evenIfNotKept) throw error;
      }
      this.#keys.set(id, key);
    });
    this.#lastWrite = write.catch(() => undefined);
    return write;
  }
}
