import { describeBundlePublisher } from './bundle-publisher-suite.ts';
import { FakeBundlePublisher } from './fake-bundle-publisher.ts';

describeBundlePublisher('fake', async () => {
  const publisher = new FakeBundlePublisher();
  return {
    publisher,
    published: async () => publisher.published,
    refuse: (isRefusing) => {
      publisher.isRefusing = isRefusing;
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
});
