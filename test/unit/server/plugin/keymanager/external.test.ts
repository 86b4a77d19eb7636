import { afterAll, describe, expect, test } from 'vitest';
import { ExternalPlugin } from '../../../../../src/lib/catalog/external/external-plugin.ts';
import { ResourceStack } from '../../../../../src/lib/runtime/resource-stack.ts';
import { externalKeyManager } from '../../../../../src/lib/server/plugin/keymanager/external/external-key-manager.ts';
import type { KeyManager } from '../../../../../src/lib/server/plugin/keymanager/key-manager.ts';
import { pluginDeps, scriptPlugin } from '../../../../support/plugin-program.ts';
import { describeKeyManager } from './key-manager-suite.ts';

const plugins = new ResourceStack();
afterAll(() => plugins.disposeAsync());

async function open(...args: readonly string[]): Promise<KeyManager> {
  const config = scriptPlugin('KeyManager', 'outside', 'test/plugins/key-manager.ts', { args });
  return externalKeyManager.adapt(
    plugins.use(await ExternalPlugin.open(config, externalKeyManager.service, pluginDeps())),
  );
}

describeKeyManager('outside', open);

describe('an external key manager', () => {
  test.each([
    ['wrong-type', 'key "k" is not of type ec-p256'],
    ['wrong-id', 'plugin response has unexpected key id "another" for key "k"'],
    ['no-key', 'plugin response empty for key "k"'],
  ])('is not believed when it makes a key with %s', async (misdeed, reason) => {
    const keys = await open(misdeed);
    await expect(keys.generateKey('k', 'ec-p256')).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining(`keymanager(outside): `) && expect.stringContaining(reason),
    });
  });

  test.each([
    ['wrong-signature', 'the signature is not one of key "k"'],
    ['wrong-fingerprint', 'does not match "another"'],
  ])('is not believed when it signs with %s', async (misdeed, reason) => {
    const keys = await open(misdeed);
    const key = await keys.generateKey('k', 'ec-p256');
    await expect(key.sign(Buffer.from('data'))).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining(reason),
    });
  });

  test('that crashes while it signs fails the call as unavailable, with its name', async () => {
    const keys = await open('crash-on-sign');
    const key = await keys.generateKey('k', 'ec-p256');
    await expect(key.sign(Buffer.from('data'))).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('keymanager(outside): '),
    });
  });
});
