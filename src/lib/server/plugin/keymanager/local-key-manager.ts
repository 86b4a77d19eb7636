import type { KeyObject } from 'node:crypto';
import { signerFromKey } from '../../../crypto/signer.ts';
import { LocalKeys } from '../../../keymanager/local-keys.ts';
import type { KeyManager, ManagedKey } from './key-manager.ts';

/** A key manager whose keys live in this process; those who ask get to sign with them, but not the private half. */
export class LocalKeyManager extends LocalKeys<ManagedKey> implements KeyManager {
  protected override view(id: string, key: KeyObject): ManagedKey {
    const signer = signerFromKey(key);
    return { id, publicKey: signer.publicKey, sign: (data) => signer.sign(data) };
  }
}
