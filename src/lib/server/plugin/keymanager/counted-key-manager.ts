import { isLocalSigner } from '../../../crypto/signer.ts';
import { type CallCounterDeps, countCall } from '../../../telemetry/call-counter.ts';
import { countMethods } from '../../../telemetry/counted-methods.ts';
import { NO_METRICS } from '../../../telemetry/metrics.ts';
import type { KeyManager, ManagedKey } from './key-manager.ts';

const METHODS = {
  generateKey: ['server_key_manager', 'generate_key'],
  findKey: ['server_key_manager', 'get_public_key'],
  listKeys: ['server_key_manager', 'get_public_keys'],
};
const SIGN = ['server_key_manager', 'sign_data'];

/**
 * A key manager whose calls are counted, and of keys that are elsewhere also the signatures: each is a call, which may
 * fail. Without metrics it is the key manager itself.
 */
export function countKeyManager(keyManager: KeyManager, deps: CallCounterDeps): KeyManager {
  if (deps.metrics === NO_METRICS) return keyManager;
  const counted = countMethods(keyManager, METHODS, deps);
  const countSignatures = (key: ManagedKey): ManagedKey => {
    if (isLocalSigner(key)) return key;
    const sign: ManagedKey['sign'] = (data, options) => countCall(deps, SIGN, () => key.sign(data, options));
    return { id: key.id, publicKey: key.publicKey, sign };
  };
  return {
    name: keyManager.name,
    ...(keyManager.keptIn !== undefined && { keptIn: keyManager.keptIn }),
    generateKey: async (id, type, options) => countSignatures(await counted.generateKey(id, type, options)),
    findKey: async (id) => {
      const key = await counted.findKey(id);
      return key && countSignatures(key);
    },
    listKeys: async () => (await counted.listKeys()).map(countSignatures),
  };
}
