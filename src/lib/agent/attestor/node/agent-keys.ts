import type { Certificate } from '../../../crypto/certificate.ts';
import { isSamePublicKey } from '../../../crypto/key.ts';
import type { KeyOptions } from '../../../keymanager/local-keys.ts';
import type { KeyManager, ManagedKey } from '../../plugin/keymanager/key-manager.ts';

/** SPIRE's ids; the two take turns, so that the key of the present SVID survives until the next SVID is there. */
const SLOTS = ['agent-svid-A', 'agent-svid-B'] as const;

/** Makes a key for the agent's next SVID in the slot that the present one does not hold. */
export function generateAgentKey(
  keyManager: KeyManager,
  present: ManagedKey | undefined,
  options: KeyOptions = {},
): Promise<ManagedKey> {
  return keyManager.generateKey(present?.id === SLOTS[0] ? SLOTS[1] : SLOTS[0], 'ec-p256', options);
}

/** The key that belongs to a certificate. */
export function findKeyOf(certificate: Certificate, keys: readonly ManagedKey[]): ManagedKey | undefined {
  return keys.find((key) => isSamePublicKey(certificate.publicKey, key.privateKey));
}
