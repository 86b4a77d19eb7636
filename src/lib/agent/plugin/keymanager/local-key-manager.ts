import type { KeyObject } from 'node:crypto';
import { LocalKeys } from '../../../keymanager/local-keys.ts';
import type { KeyManager, ManagedKey } from './key-manager.ts';

/** A key manager whose keys live in this process. */
export class LocalKeyManager extends LocalKeys<ManagedKey> implements KeyManager {
  protected override view(id: string, privateKey: KeyObject): ManagedKey {
    return { id, privateKey };
  }
}
