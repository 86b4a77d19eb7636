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
    return this.view(id, await this.#keep(id, generateKey(type), evenIfNotKept));
  }

  async findKey(id: string): Promise<K | undefined> {
    const key = this.#keys.get(id);
    return key && this.view(id, key);
  }

  /** All keys in order of their ids. */
  async listKeys(): Promise<readonly K[]> {
    return [...this.#keys].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([id, key]) => this.view(id, key));
  }

  /** Keeps a key that is being made, in the order of the calls: of several with one id the last one stays. */
  #keep(id: string, making: Promise<KeyObject>, evenIfNotKept: boolean): Promise<KeyObject> {
    // It is looked at when its turn comes.
    making.catch(() => undefined);
    const write = this.#lastWrite.then(async () => {
      const key = await making;
      try {
        await this.#persist(new Map(this.#keys).set(id, key));
      } catch (error) {
        if (!evenIfNotKept) throw error;
      }
      this.#keys.set(id, key);
      return key;
    });
    this.#lastWrite = write.then(
      () => undefined,
      () => undefined,
    );
    return write;
  }
}
