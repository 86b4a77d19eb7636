import type { BundleEndpointConfig, ServerConfig } from '../../config/server/server-config.ts';
import type { DocumentFetcher } from '../../fetch/document-fetcher.ts';
import { PQ_GROUPS } from '../../rpc/pq-groups.ts';
import type { Clock } from '../../runtime/clock.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import { FairQueue } from '../../runtime/fair-queue.ts';
import type { Logger } from '../../runtime/logger.ts';
import { ResourceStack } from '../../runtime/resource-stack.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { ServerSvidSource } from '../ca/server-svid.ts';
import type { DataStore } from '../datastore/datastore.ts';
import { BundleDocument } from './bundle-document.ts';
import type { BundleEndpoint } from './bundle-endpoint.ts';
import { BundleRefresher } from './bundle-refresher.ts';
import { FederatedBundles } from './federated-bundles.ts';
import { ServingFiles } from './serving-files.ts';
import { type ServingIdentity, SvidServingIdentity } from './serving-identity.ts';

/** What federation depends on. */
export interface FederationDeps {
  readonly config: Pick<ServerConfig, 'trustDomain' | 'federation'> & {
    readonly experimental: Pick<ServerConfig['experimental'], 'requirePqKem'>;
  };
  readonly serverSvid: Pick<ServerSvidSource, 'current'>;
  readonly datastore: Pick<DataStore, 'bundles' | 'federation' | 'changes'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

const NO_ACME =
  'federation.bundle_endpoint: this server gets no certificates from ACME servers; have another program do it, and name its files in profile "https_web" { serving_cert_file { ... } }';

/** Bundles that are fetched at the same time; the others wait. */
const FETCHES_AT_ONCE = 32;

/** What a server has to do with other trust domains: it fetches their bundles, and serves its own. */
export class Federation implements AsyncDisposable {
  readonly federatedBundles: FederatedBundles;
  readonly #endpoint: BundleEndpoint | undefined;
  readonly #resources: ResourceStack;

  private constructor(
    federatedBundles: FederatedBundles,
    endpoint: BundleEndpoint | undefined,
    resources: ResourceStack,
  ) {
    this.federatedBundles = federatedBundles;
    this.#endpoint = endpoint;
    this.#resources = resources;
  }

  /**
   * Does not wait for the bundles of others. Errors: `invalid-config` and `io-error` for an endpoint that cannot be served.
   */
  static async open(deps: FederationDeps): Promise<Federation> {
    const { datastore, clock, log, metrics } = deps;
    const { federation: config } = deps.config;
    await using opening = new ResourceStack();
    const endpoint = config.bundleEndpoint && (await openEndpoint(config.bundleEndpoint, deps, opening));
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
    return new Federation(federatedBundles, endpoint, opening.move());
  }

  /** The bound port of the bundle endpoint, if there is one. */
  get endpointPort(): number | undefined {
    return this.#endpoint?.port;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#resources.disposeAsync();
  }
}

/** Loaded only where the configuration asks for it: node:http costs every start some 20 ms. */
async function openEndpoint(
  config: BundleEndpointConfig,
  { config: { trustDomain, experimental }, serverSvid, datastore, clock, log: serverLog }: FederationDeps,
  opening: ResourceStack,
): Promise<BundleEndpoint> {
  const { address, port, refreshHintSeconds } = config;
  const log = serverLog.with({ subsystem_name: 'bundle_endpoint' });
  const { BundleEndpoint } = await import('./bundle-endpoint.ts');
  const { bundles, changes } = datastore;
  const document = opening.use(new BundleDocument({ trustDomain, bundles, changes, refreshHintSeconds, clock, log }));
  const identity = await openIdentity(config.profile, { serverSvid, clock, log }, opening);
  const endpoint = opening.use(
    await BundleEndpoint.open({
      address,
      port,
      identity,
      document: () => document.text(),
      keyExchangeGroups: experimental.requirePqKem ? PQ_GROUPS : undefined,
      clock,
      log,
    }),
  );
  log.info('Serving bundle endpoint', { addr: `${address}:${endpoint.port}`, refresh_hint: `${refreshHintSeconds}s` });
  return endpoint;
}

async function openIdentity(
  profile: BundleEndpointConfig['profile'],
  { serverSvid, clock, log }: Pick<FederationDeps, 'serverSvid' | 'clock' | 'log'>,
  opening: ResourceStack,
): Promise<ServingIdentity> {
  switch (profile.kind) {
    case 'https_spiffe':
      return new SvidServingIdentity(serverSvid);
    case 'https_web_files':
      return opening.use(await ServingFiles.open({ ...profile, clock, log }));
    case 'https_web_acme':
      throw new SpirekitError('invalid-config', NO_ACME);
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
