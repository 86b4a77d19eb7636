import type { KeyObject } from 'node:crypto';
import { type LocalSigner, signerFromKey } from '../../../crypto/signer.ts';
import { LocalKeys } from '../../../keymanager/local-keys.ts';
import type { KeyManager, ManagedKey } from './key-manager.ts';

/** A key manager whose keys live in this process, where several threads can sign with them. */
export class LocalKeyManager extends LocalKeys<ManagedKey & LocalSigner> implements KeyManager {
  protected override view(id: string, key: KeyObject): ManagedKey & LocalSigner {
    return { id, ...signerFromKey(key) };
  }
}
