import type { CancelTimer, Clock } from '../../runtime/clock.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logger.ts';
import { ResourceStack } from '../../runtime/resource-stack.ts';
import type { AuthorityBundle } from '../../spiffe/authority-bundle.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import { countCall } from '../../telemetry/call-counter.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { BundleStore } from '../datastore/bundle-store.ts';
import type { ChangeEvents } from '../datastore/change-events.ts';
import type { BundlePublisher } from '../plugin/bundlepublisher/bundle-publisher.ts';
import type { Notifier } from '../plugin/notifier/notifier.ts';
import { BundleReceiver } from './bundle-receiver.ts';

/** What the news of the bundle are made from. */
export interface BundleNewsDeps {
  readonly trustDomain: TrustDomain;
  readonly publishers: readonly BundlePublisher[];
  readonly notifiers: readonly Notifier[];
  readonly bundles: Pick<BundleStore, 'findBundle'>;
  readonly changes: ChangeEvents;
  readonly clock: Clock;
  /** The log of the server itself. */
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly signal?: AbortSignal | undefined;
}

/** How often the bundle is looked at without a change: another server with the same datastore may have made one. */
const REFRESH_MS = 30_000;

/** Brings the trust bundle of the server to its bundle publishers and notifiers, now and whenever it changes. */
export class BundleNews implements AsyncDisposable {
  readonly #deps: BundleNewsDeps;
  readonly #receivers: readonly BundleReceiver[];
  readonly #resources: ResourceStack;
  #cancelTimer: CancelTimer | undefined;
  #isClosed = false;
  /** Looks at the bundle that have begun; each is kept to be waited for. */
  #looking: Promise<void> = Promise.resolve();

  private constructor(deps: BundleNewsDeps, receivers: readonly BundleReceiver[], resources: ResourceStack) {
    this.#deps = deps;
    this.#receivers = receivers;
    this.#resources = resources;
  }

  /**
   * Tells the notifiers that the bundle is there, which they may refuse; publishing begins then. Error: `failed-precondition`
   * where a notifier refuses.
   */
  static async open(deps: BundleNewsDeps): Promise<BundleNews> {
    await using opening = new ResourceStack();
    const notifiers = deps.notifiers.map((notifier) => ({ notifier, receiver: notifierReceiver(deps, notifier) }));
    const publishers = deps.publishers.map((publisher) => publisherReceiver(deps, publisher));
    const receivers = [...notifiers.map(({ receiver }) => receiver), ...publishers];
    for (const receiver of receivers) opening.use(receiver);
    if (receivers.length === 0) return new BundleNews(deps, [], opening.move());
    const bundle = await deps.bundles.findBundle(deps.trustDomain);
    if (bundle !== undefined) {
      await Promise.all(
        notifiers.map(async ({ notifier, receiver }) => {
          await notifyLoaded(deps, notifier, bundle);
          receiver.hasGot(bundle);
        }),
      );
    }
    const news = new BundleNews(deps, receivers, opening.move());
    news.#start();
    return news;
  }

  /** Resolves when what has happened so far has come to all receivers that take it. */
  async settled(): Promise<void> {
    await this.#looking;
    await Promise.all(this.#receivers.map((receiver) => receiver.settled()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer?.();
    await this.#resources.disposeAsync();
    await this.#looking;
  }

  #start(): void {
    const { changes, trustDomain } = this.#deps;
    this.#resources.defer(
      changes.subscribe((change) => {
        if (change.kind === 'all' || (change.kind === 'bundle' && change.trustDomain.equals(trustDomain))) this.#look();
      }),
    );
    this.#look();
    this.#arm();
  }

  #arm(): void {
    this.#cancelTimer = this.#deps.clock.schedule(
      REFRESH_MS,
      () => {
        this.#look();
        this.#arm();
      },
      { unref: true },
    );
  }

  #look(): void {
    if (this.#isClosed) return;
    // One after the other, so that the last one offers the newest.
    this.#looking = this.#looking.then(async () => {
      try {
        const bundle = await this.#deps.bundles.findBundle(this.#deps.trustDomain);
        if (bundle !== undefined) for (const receiver of this.#receivers) receiver.offer(bundle);
      } catch (error) {
        this.#deps.log.error('Failed to publish bundle', { error: SpirekitError.from(error) });
      }
    });
  }
}

function publisherReceiver({ clock, log, metrics }: BundleNewsDeps, publisher: BundlePublisher): BundleReceiver {
  const itsLog = log.with({ subsystem_name: 'bundle_publishing', BundlePublisher: publisher.name });
  const labels = { bundle_publisher: publisher.name };
  return new BundleReceiver({
    clock,
    deliver: async (bundle, options) => {
      const publish = (): Promise<void> => publisher.publishBundle(bundle, options);
      await countCall({ metrics, clock }, ['bundle_publisher', 'publish_bundle'], publish, labels);
      itsLog.debug('Bundle published');
    },
    onFailure: (error) => itsLog.error('Failed to publish bundle', { error }),
  });
}

function notifierReceiver({ clock, log, metrics }: BundleNewsDeps, notifier: Notifier): BundleReceiver {
  const itsLog = log.with({ subsystem_name: 'ca_manager', notifier: notifier.name, event: 'bundle updated' });
  const labels = { notifier: notifier.name };
  return new BundleReceiver({
    clock,
    deliver: async (bundle, options) => {
      const notify = (): Promise<void> => notifier.notifyBundleUpdated(bundle, options);
      await countCall({ metrics, clock }, ['notifier', 'bundle_updated'], notify, labels);
      itsLog.debug('Notifier handled event');
    },
    onFailure: (error) => itsLog.warn('Notifier failed to handle event', { error }),
  });
}

/** The sentences are SPIRE's. */
async function notifyLoaded(deps: BundleNewsDeps, notifier: Notifier, bundle: AuthorityBundle): Promise<void> {
  const { clock, metrics, signal } = deps;
  const log = deps.log.with({ subsystem_name: 'ca_manager', notifier: notifier.name, event: 'bundle loaded' });
  const notify = (): Promise<void> => notifier.notifyBundleLoaded(bundle, { signal });
  try {
    await countCall({ metrics, clock }, ['notifier', 'bundle_loaded'], notify, { notifier: notifier.name });
    log.debug('Notifier handled event');
  } catch (cause) {
    const error = SpirekitError.from(cause);
    log.error('Notifier failed to handle event', { error });
    throw new SpirekitError('failed-precondition', `one or more notifiers returned an error: ${error.message}`, {
      cause,
    });
  }
}
