import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Notifier } from '../../../../../src/lib/server/plugin/notifier/notifier.ts';
import type { AuthorityBundle } from '../../../../../src/lib/spiffe/authority-bundle.ts';
import { sampleBundle } from '../bundlepublisher/sample-bundle.ts';

/** A notifier, where what it does shows, and how that place fails. */
export interface NotifierUnderTest extends AsyncDisposable {
  readonly notifier: Notifier;
  /** Stores the bundle as the server's, which it is before a notifier hears of it. */
  readonly store: (bundle: AuthorityBundle) => Promise<void>;
  /** Whether the roots of the bundle are what others get to see. */
  readonly isSeen: (bundle: AuthorityBundle) => Promise<boolean>;
  readonly refuse: (isRefusing: boolean) => void;
}

/** What every notifier does. */
export function describeNotifier(name: string, open: () => Promise<NotifierUnderTest>): void {
  describe(`the notifier ${name}, as any`, () => {
    let under: NotifierUnderTest;
    beforeEach(async () => {
      under = await open();
    });
    afterEach(() => under[Symbol.asyncDispose]());

    test('has the name of the configuration', () => {
      expect(under.notifier.name).toBe(name);
    });

    test('passes on the bundle that was loaded, then each new one, and the same again', async () => {
      const [first, second] = [await sampleBundle(1n), await sampleBundle(2n)];
      await under.store(first);
      await under.notifier.notifyBundleLoaded(first, {});
      expect(await under.isSeen(first)).toBe(true);
      await under.store(second);
      for (const bundle of [second, second]) {
        await under.notifier.notifyBundleUpdated(bundle, {});
        expect(await under.isSeen(second)).toBe(true);
      }
    });

    test('fails where it cannot, and goes on afterwards', async () => {
      const bundle = await sampleBundle(1n);
      await under.store(bundle);
      under.refuse(true);
      await expect(under.notifier.notifyBundleLoaded(bundle, {})).rejects.toMatchObject({ code: expect.any(String) });
      await expect(under.notifier.notifyBundleUpdated(bundle, {})).rejects.toMatchObject({ code: expect.any(String) });
      under.refuse(false);
      await under.notifier.notifyBundleUpdated(bundle, {});
      expect(await under.isSeen(bundle)).toBe(true);
    });

    test('stops when its signal has aborted', async () => {
      const bundle = await sampleBundle(1n);
      await under.store(bundle);
      const signal = AbortSignal.abort(new Error('stopping'));
      await expect(under.notifier.notifyBundleUpdated(bundle, { signal })).rejects.toThrow('stopping');
      expect(await under.isSeen(bundle)).toBe(false);
    });
  });
}
