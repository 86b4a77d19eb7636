import type { CancelTimer, Clock } from '../../../../runtime/clock.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import type { Logger } from '../../../../runtime/logger.ts';
import type { AuthorityBundle } from '../../../../spiffe/authority-bundle.ts';
import type { TrustDomain } from '../../../../spiffe/trust-domain.ts';
import type { BundleStore } from '../../../datastore/bundle-store.ts';
import type { KubeClient } from '../../../kubernetes/kube-client.ts';
import { publishedBundle } from '../../bundlepublisher/bundle-format.ts';
import type { Notifier } from '../notifier.ts';
import { type BundleObjects, updateObject } from './bundle-objects.ts';

/** A cluster and what of it holds the bundle. */
export interface NotifiedCluster {
  readonly client: KubeClient;
  readonly objects: readonly BundleObjects[];
}

/** What the notifier depends on. */
export interface K8sBundleNotifierDeps {
  readonly clusters: readonly NotifiedCluster[];
  /** Whether there are objects with a label, which may come at any time. */
  readonly looksForNewObjects: boolean;
  readonly trustDomain: TrustDomain;
  readonly bundles: Pick<BundleStore, 'findBundle'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How often objects with the label are looked for that were not there before. SPIRE's watches for them. */
const LOOK_EVERY_MS = 30_000;

/** Keeps the roots of the trust domain, as PEM, in a config map, and as CA bundles in webhooks and API services with a label. */
export class K8sBundleNotifier implements Notifier, AsyncDisposable {
  readonly name = 'k8sbundle';
  readonly #deps: K8sBundleNotifierDeps;
  readonly #stop = new AbortController();
  #cancelTimer: CancelTimer | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(deps: K8sBundleNotifierDeps) {
    this.#deps = deps;
  }

  async notifyBundleLoaded(
    bundle: AuthorityBundle,
    options: { readonly signal?: AbortSignal | undefined },
  ): Promise<void> {
    await this.#update(bundle, options.signal);
    if (this.#deps.looksForNewObjects) this.#arm();
  }

  notifyBundleUpdated(bundle: AuthorityBundle, options: { readonly signal?: AbortSignal | undefined }): Promise<void> {
    return this.#update(bundle, options.signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancelTimer?.();
    this.#stop.abort(new SpirekitError('canceled', 'the server is stopping'));
    await this.#looking;
    for (const { client } of this.#deps.clusters) client[Symbol.dispose]();
  }

  #arm(): void {
    this.#cancelTimer = this.#deps.clock.schedule(
      LOOK_EVERY_MS,
      () => {
        this.#looking = this.#look().then(() => {
          if (!this.#stop.signal.aborted) this.#arm();
        });
      },
      { unref: true },
    );
  }

  async #look(): Promise<void> {
    try {
      await this.#update(undefined, this.#stop.signal);
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#deps.log.error('Unable to set bundle for objects', { error });
    }
  }

  /** Tries every object of every cluster. Error: `internal`, with all that failed in its message. */
  async #update(bundle: AuthorityBundle | undefined, signal: AbortSignal | undefined): Promise<void> {
    const { bundles, trustDomain } = this.#deps;
    const readPem = async (): Promise<string> => {
      const newest = (await bundles.findBundle(trustDomain)) ?? bundle;
      if (newest === undefined) throw new SpirekitError('not-found', 'there is no bundle');
      return Buffer.from(publishedBundle(newest, 'pem', undefined)).toString('utf8');
    };
    const failures: string[] = [];
    for (const { client, objects } of this.#deps.clusters) {
      for (const kind of objects) {
        try {
          const paths = await kind.find(client, signal);
          for (const path of paths) {
            await updateObject(client, kind, path, { readPem, signal }).catch((error: unknown) => {
              signal?.throwIfAborted();
              failures.push(`${path}: ${SpirekitError.from(error).message}`);
            });
          }
        } catch (error) {
          signal?.throwIfAborted();
          failures.push(`unable to get list: ${SpirekitError.from(error).message}`);
        }
      }
    }
    if (failures.length > 0) throw new SpirekitError('internal', `unable to update: ${failures.join(', ')}`);
  }
}
