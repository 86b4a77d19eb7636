import type { KeyObject } from 'node:crypto';
import { isSamePublicKey, type KeyType } from '../../crypto/key.ts';
import type { Signer } from '../../crypto/signer.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { BundleStore } from '../datastore/bundle-store.ts';
import type { KeyManager } from '../plugin/keymanager/key-manager.ts';
import type { CredentialSettings } from './credential-settings.ts';

/** What authorities of one kind are made of. */
export interface AuthorityKindDeps<T> {
  readonly settings: CredentialSettings;
  readonly keyType: KeyType;
  readonly keyManager: Pick<KeyManager, 'generateKey' | 'findKey'>;
  readonly bundles: BundleStore;
  readonly clock: Clock;
  readonly use: (authority: T) => void;
}

/** Why an authority that was made before cannot be taken up again. */
export interface Unusable {
  readonly unusable: string;
  /** True if its slot has no key at all. Nothing but damage does that: keys are replaced, never taken away. */
  readonly isKeyLost?: boolean;
}

/** The key of an authority that was made before, or why it can no longer be used. */
export async function restoreSigner(
  keyManager: Pick<KeyManager, 'findKey'>,
  keyId: string,
  publicKey: KeyObject,
): Promise<{ readonly signer: Signer } | Unusable> {
  const signer = await keyManager.findKey(keyId);
  if (signer === undefined) return { unusable: 'no key manager key', isKeyLost: true };
  if (isSamePublicKey(publicKey, signer.publicKey)) return { signer };
  return { unusable: 'public key does not match key manager key' };
}
