import type { KeyType } from '../../../crypto/key.ts';
import type { Signer } from '../../../crypto/signer.ts';

/** A key that a key manager keeps. The private half need not be in this process. */
export interface ManagedKey extends Signer {
  readonly id: string;
}

/** Keeps the signing keys of the server. */
export interface KeyManager {
  /** The name in the configuration, such as `disk`. */
  readonly name: string;
  /** Where the keys are, for messages; absent where they end with the process. */
  readonly keptIn?: string;
  /**
   * Makes a key and keeps it durably before it resolves. A key of the same id is replaced; if keeping fails the old one
   * stays. Throws `invalid-argument` for an empty id, `io-error` when it cannot be kept, what the place of the keys
   * refuses with, and the signal's reason.
   */
  generateKey(id: string, type: KeyType, options?: { readonly signal?: AbortSignal | undefined }): Promise<ManagedKey>;
  findKey(id: string): Promise<ManagedKey | undefined>;
  /** All keys in order of their ids. */
  listKeys(): Promise<readonly ManagedKey[]>;
}
