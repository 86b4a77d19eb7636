import { describe, expect, test, vi } from 'vitest';
import type { KeyType } from '../../../../src/lib/crypto/key.ts';
import { isLocalSigner } from '../../../../src/lib/crypto/signer.ts';
import { stoppableKeys } from '../../../../src/lib/server/ca/stoppable-keys.ts';
import type { KeyManager, ManagedKey } from '../../../../src/lib/server/plugin/keymanager/key-manager.ts';
import { MemoryKeyManager } from '../../../../src/lib/server/plugin/keymanager/memory/memory-key-manager.ts';
import { SpiffeId } from '../../../../src/lib/spiffe/spiffe-id.ts';
import { newWorld, startCa, trustDomain } from './authority-world.ts';

interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Keys whose private halves do not show, in a place that can be told not to answer. */
class RemoteKeys implements KeyManager {
  readonly name = 'remote';
  isSilent = false;
  /** Calls that wait. */
  waiting = 0;
  readonly #keys = new MemoryKeyManager();

  async generateKey(id: string, type: KeyType, options?: CallOptions): Promise<ManagedKey> {
    await this.#answer(options);
    return this.#view(await this.#keys.generateKey(id, type));
  }

  async findKey(id: string): Promise<ManagedKey | undefined> {
    const key = await this.#keys.findKey(id);
    return key && this.#view(key);
  }

  async listKeys(): Promise<readonly ManagedKey[]> {
    return (await this.#keys.listKeys()).map((key) => this.#view(key));
  }

  #view({ id, publicKey, sign }: ManagedKey): ManagedKey {
    return {
      id,
      publicKey,
      sign: async (data, options) => {
        await this.#answer(options);
        return await sign(data);
      },
    };
  }

  async #answer(options: CallOptions = {}): Promise<void> {
    if (!this.isSilent) return;
    this.waiting += 1;
    await new Promise((_, reject) => {
      options.signal?.addEventListener('abort', () => reject(options.signal?.reason), { once: true });
    });
  }
}

describe('authorities whose keys are elsewhere', () => {
  test('sign X509-SVIDs and JWT-SVIDs, before and after a restart', async () => {
    await using world = await newWorld();
    world.keyManager = new RemoteKeys();
    for (let start = 0; start < 2; start += 1) {
      await using running = await startCa(world);
      const { authority } = running.manager.x509.current;
      expect(authority && isLocalSigner(authority.signer)).toBe(false);
      const root = authority?.certificate.publicKey;
      const spiffeId = SpiffeId.fromPath(trustDomain, '/web');
      const publicKey = (await new MemoryKeyManager().generateKey('w', 'ec-p256')).publicKey;
      const [svid] = await running.ca.signWorkloadX509Svid({ spiffeId, publicKey });
      expect(root && svid?.isSignedBy(root)).toBe(true);
      expect((await running.ca.signWorkloadJwtSvid({ spiffeId, audience: ['a'] })).token.split('.')).toHaveLength(3);
    }
  });

  test('are given up when the start is given up, though the keys do not answer', async () => {
    await using world = await newWorld();
    const keys = new RemoteKeys();
    keys.isSilent = true;
    world.keyManager = keys;
    const giveUp = new AbortController();
    const starting = startCa(world, { signal: giveUp.signal });
    await vi.waitFor(() => expect(keys.waiting).toBe(1));
    giveUp.abort(new Error('given up'));
    await expect(starting).rejects.toThrow('given up');
  });

  test('do not hold up the end of the server while a rotation waits for the keys', async () => {
    await using world = await newWorld();
    const keys = new RemoteKeys();
    world.keyManager = keys;
    const running = await startCa(world);
    keys.isSilent = true;
    world.clock.advance(12 * 60 * 60 * 1000 + 20_000);
    await vi.waitFor(() => expect(keys.waiting).toBeGreaterThan(0));
    await running[Symbol.asyncDispose]();
  });

  test('stay with the process, and its threads, where they are', async () => {
    const local = new MemoryKeyManager();
    await local.generateKey('k', 'ec-p256');
    const keys = stoppableKeys(local, AbortSignal.abort());
    const key = await keys.findKey('k');
    expect(key && isLocalSigner(key)).toBe(true);
  });
});
