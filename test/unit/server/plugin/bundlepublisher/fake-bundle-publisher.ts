import { SpirekitError } from '../../../../../src/lib/runtime/errors.ts';
import { publishedBundle } from '../../../../../src/lib/server/plugin/bundlepublisher/bundle-format.ts';
import type { BundlePublisher } from '../../../../../src/lib/server/plugin/bundlepublisher/bundle-publisher.ts';
import type { AuthorityBundle } from '../../../../../src/lib/spiffe/authority-bundle.ts';

/** Publishes into memory. */
export class FakeBundlePublisher implements BundlePublisher {
  readonly name = 'fake';
  published: Uint8Array | undefined;
  isRefusing = false;

  async publishBundle(
    bundle: AuthorityBundle,
    { signal }: { readonly signal?: AbortSignal | undefined },
  ): Promise<void> {
    signal?.throwIfAborted();
    if (this.isRefusing) throw new SpirekitError('unavailable', 'no room');
    this.published = publishedBundle(bundle, 'spiffe', undefined);
  }
}
