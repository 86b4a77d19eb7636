import { isLocalSigner } from '../../crypto/signer.ts';
import type { KeyManager, ManagedKey } from '../plugin/keymanager/key-manager.ts';

/** The keys of a key manager, whose calls end when the signal aborts: one that is elsewhere may not answer for long. */
export function stoppableKeys(
  keyManager: KeyManager,
  signal: AbortSignal,
): Pick<KeyManager, 'generateKey' | 'findKey' | 'listKeys'> {
  const stoppable = (key: ManagedKey): ManagedKey => {
    // One in this process answers at once, and threads need its private half.
    if (isLocalSigner(key)) return key;
    const sign: ManagedKey['sign'] = async (data) => {
      signal.throwIfAborted();
      return await key.sign(data, { signal });
    };
    return { id: key.id, publicKey: key.publicKey, sign };
  };
  return {
    generateKey: async (id, type) => {
      signal.throwIfAborted();
      return stoppable(await keyManager.generateKey(id, type, { signal }));
    },
    findKey: async (id) => {
      const key = await keyManager.findKey(id);
      return key && stoppable(key);
    },
    listKeys: async () => (await keyManager.listKeys()).map(stoppable),
  };
}
