import type { ServerConfig } from '../../config/server/server-config.ts';
import type { DocumentFetcher } from '../../fetch/document-fetcher.ts';
import type { Clock } from '../../runtime/clock.ts';
import { FairQueue } from '../../runtime/fair-queue.ts';
import type { Logger } from '../../runtime/logger.ts';
import { ResourceStack } from '../../runtime/resource-stack.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { DataStore } from '../datastore/datastore.ts';
import { BundleRefresher } from './bundle-refresher.ts';
import { FederatedBundles } from './federated-bundles.ts';

/** What federation depends on. */
export interface FederationDeps {
  readonly config: ServerConfig['federation'];
  readonly datastore: Pick<DataStore, 'bundles' | 'federation' | 'changes'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** Bundles that are fetched at the same time; the others wait. */
const FETCHES_AT_ONCE = 8;

/** What a server has to do with other trust domains: it fetches their bundles. */
export class Federation implements AsyncDisposable {
  readonly federatedBundles: FederatedBundles;
  readonly #resources: ResourceStack;

  private constructor(federatedBundles: FederatedBundles, resources: ResourceStack) {
    this.federatedBundles = federatedBundles;
    this.#resources = resources;
  }

  /** Does not wait for the bundles of others. */
  static async open(deps: FederationDeps): Promise<Federation> {
    const { config, datastore, clock, log, metrics } = deps;
    await using opening = new ResourceStack();
    const refresher = new BundleRefresher({
      bundles: datastore.bundles,
      fetcher: onceMade(() => openFetcher(clock, config.allowPrivateRedirects)),
      clock,
    });
    const federatedBundles = opening.use(
      await FederatedBundles.open({
        configured: config.federatesWith,
        federation: datastore.federation,
        changes: datastore.changes,
        refresher,
        turns: new FairQueue(FETCHES_AT_ONCE),
        clock,
        log: log.with({ subsystem_name: 'bundle_client' }),
        metrics,
      }),
    );
    return new Federation(federatedBundles, opening.move());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#resources.disposeAsync();
  }
}

/** Loaded only where something is fetched: node:http costs every start some 20 ms. */
async function openFetcher(clock: Clock, allowPrivateRedirects: boolean): Promise<DocumentFetcher> {
  const { DocumentFetcher } = await import('../../fetch/document-fetcher.ts');
  return new DocumentFetcher({ clock, allowPrivateRedirects });
}

function onceMade<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
