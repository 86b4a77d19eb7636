import type { KeyObject } from 'node:crypto';
import type { KeyType } from '../../../crypto/key.ts';
import type { KeyOptions } from '../../../keymanager/local-keys.ts';

/** A key that a key manager keeps. TLS needs it in this process, so the private half is part of it. */
export interface ManagedKey {
  readonly id: string;
  readonly privateKey: KeyObject;
}

/** Keeps the keys of the agent's own SVID. */
export interface KeyManager {
  /** The name in the configuration, such as `disk`. */
  readonly name: string;
  /**
   * Makes a key and keeps it before it resolves. A key of the same id is replaced; if keeping fails the old one stays.
   *
   * Errors: `invalid-argument` for an empty id, `io-error` when the key cannot be kept.
   */
  generateKey(id: string, type: KeyType, options?: KeyOptions): Promise<ManagedKey>;
  /** All keys in order of their ids. */
  listKeys(): Promise<readonly ManagedKey[]>;
}
