import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parsePublicKey } from '../../../../../src/lib/crypto/key.ts';
import type { BundlePublisher } from '../../../../../src/lib/server/plugin/bundlepublisher/bundle-publisher.ts';
import type { AuthorityBundle } from '../../../../../src/lib/spiffe/authority-bundle.ts';
import { parseBundleDocument } from '../../../../../src/lib/spiffe/bundle.ts';
import { sampleBundle } from './sample-bundle.ts';

/** A bundle publisher, the place where it publishes, and how that place fails. */
export interface PublisherUnderTest extends AsyncDisposable {
  readonly publisher: BundlePublisher;
  /** What lies in that place, a SPIFFE bundle document; undefined when nothing does. */
  readonly published: () => Promise<Uint8Array | undefined>;
  /** Makes the place refuse everything, or take it again. */
  readonly refuse: (isRefusing: boolean) => void;
}

/** What every bundle publisher does. It must be configured for the format `spiffe`. */
export function describeBundlePublisher(name: string, open: () => Promise<PublisherUnderTest>): void {
  describe(`the bundle publisher ${name}, as any`, () => {
    let under: PublisherUnderTest;
    beforeEach(async () => {
      under = await open();
    });
    afterEach(() => under[Symbol.asyncDispose]());

    const expectPublished = async (bundle: AuthorityBundle): Promise<void> => {
      const document = parseBundleDocument(bundle.trustDomain, (await under.published()) ?? new Uint8Array());
      expect(document.sequenceNumber).toBe(bundle.sequenceNumber);
      expect(document.x509Authorities.map(({ der }) => Buffer.from(der))).toEqual(
        bundle.x509Authorities.map(({ certificate }) => Buffer.from(certificate)),
      );
      expect([...document.jwtAuthorities.keys()]).toEqual(bundle.jwtAuthorities.map(({ keyId }) => keyId));
      for (const { keyId, publicKey } of bundle.jwtAuthorities) {
        expect(document.jwtAuthorities.get(keyId)?.equals(parsePublicKey(publicKey))).toBe(true);
      }
    };

    test('has the name of the configuration', () => {
      expect(under.publisher.name).toBe(name);
    });

    test('publishes a bundle where nothing was, and then another in its place', async () => {
      expect(await under.published()).toBeUndefined();
      for (const sequenceNumber of [1n, 2n]) {
        const bundle = await sampleBundle(sequenceNumber);
        await under.publisher.publishBundle(bundle, {});
        await expectPublished(bundle);
      }
    });

    test('may publish the same bundle again', async () => {
      const bundle = await sampleBundle(3n);
      await under.publisher.publishBundle(bundle, {});
      await under.publisher.publishBundle(bundle, {});
      await expectPublished(bundle);
    });

    test('fails where the place refuses, leaves what was there, and goes on afterwards', async () => {
      const [old, next] = [await sampleBundle(4n), await sampleBundle(5n)];
      await under.publisher.publishBundle(old, {});
      under.refuse(true);
      await expect(under.publisher.publishBundle(next, {})).rejects.toMatchObject({ code: expect.any(String) });
      await expectPublished(old);
      under.refuse(false);
      await under.publisher.publishBundle(next, {});
      await expectPublished(next);
    });

    test('stops when its signal has aborted', async () => {
      const signal = AbortSignal.abort(new Error('stopping'));
      await expect(under.publisher.publishBundle(await sampleBundle(6n), { signal })).rejects.toThrow();
      expect(await under.published()).toBeUndefined();
    });
  });
}
