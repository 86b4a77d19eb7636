import { expect, test } from 'vitest';
import { isLocalSigner } from '../../../../../src/lib/crypto/signer.ts';
import { SpirekitError } from '../../../../../src/lib/runtime/errors.ts';
import { countKeyManager } from '../../../../../src/lib/server/plugin/keymanager/counted-key-manager.ts';
import type { KeyManager } from '../../../../../src/lib/server/plugin/keymanager/key-manager.ts';
import { MemoryKeyManager } from '../../../../../src/lib/server/plugin/keymanager/memory/memory-key-manager.ts';
import { type Metrics, NO_METRICS } from '../../../../../src/lib/telemetry/metrics.ts';
import { ManualClock } from '../../../../support/manual-clock.ts';

function counting(): { metrics: Metrics; counted: string[] } {
  const counted: string[] = [];
  const metrics: Metrics = {
    ...NO_METRICS,
    incrementCounter: (key, labels = {}) => void counted.push([...key, labels['status']].join('.')),
    addSample: () => {},
    setGauge: () => {},
  };
  return { metrics, counted };
}

/** The keys of another one, as if they were elsewhere. */
function remote(keys: KeyManager, failure?: Error): KeyManager {
  return {
    name: 'remote',
    generateKey: async (id, type) => {
      const { publicKey, sign } = await keys.generateKey(id, type);
      return { id, publicKey, sign: async (data) => (failure === undefined ? sign(data) : Promise.reject(failure)) };
    },
    findKey: async () => undefined,
    listKeys: async () => [],
  };
}

test('signatures of keys that are elsewhere are counted, with how they end', async () => {
  const { metrics, counted } = counting();
  const deps = { metrics, clock: new ManualClock() };
  const key = await countKeyManager(remote(new MemoryKeyManager()), deps).generateKey('k', 'ec-p256');
  await key.sign(Buffer.from('data'));
  const away = remote(new MemoryKeyManager(), new SpirekitError('unavailable', 'away'));
  const failing = await countKeyManager(away, deps).generateKey('k', 'ec-p256');
  await expect(failing.sign(Buffer.from('data'))).rejects.toThrow('away');
  expect(counted).toEqual([
    'server_key_manager.generate_key.OK',
    'server_key_manager.sign_data.OK',
    'server_key_manager.generate_key.OK',
    'server_key_manager.sign_data.Unavailable',
  ]);
});

test('keys in this process stay what they are, for threads to sign with', async () => {
  const { metrics, counted } = counting();
  const keys = countKeyManager(new MemoryKeyManager(), { metrics, clock: new ManualClock() });
  const key = await keys.generateKey('k', 'ec-p256');
  await key.sign(Buffer.from('data'));
  expect(isLocalSigner(key)).toBe(true);
  expect((await keys.listKeys()).map(({ id }) => id)).toEqual(['k']);
  expect(counted).toEqual(['server_key_manager.generate_key.OK', 'server_key_manager.get_public_keys.OK']);
});

test('without metrics it is the key manager itself', () => {
  const keys = new MemoryKeyManager();
  expect(countKeyManager(keys, { metrics: NO_METRICS, clock: new ManualClock() })).toBe(keys);
});
