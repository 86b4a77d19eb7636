import type { CancelTimer } from '../../runtime/clock.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import { SharedRun } from '../../runtime/shared-run.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import type { ChangeEvents, DatastoreChange } from '../datastore/change-events.ts';
import type { FederationRelationship, FederationStore } from '../datastore/federation-store.ts';
import { FederatedDomain, type FederatedDomainDeps, type RefreshStatus } from './federated-domain.ts';

/** What the refresh of federated bundles depends on. */
export interface FederatedBundlesDeps extends FederatedDomainDeps {
  /** `federates_with` of the configuration; these come before relationships of the API with the same trust domain. */
  readonly configured: readonly FederationRelationship[];
  readonly federation: Pick<FederationStore, 'listFederationRelationships'>;
  readonly changes: ChangeEvents;
}

/** A trust domain whose bundle is fetched. */
export interface ManagedDomain {
  readonly relationship: FederationRelationship;
  /** Whether it is in the configuration rather than made through the API. */
  readonly isConfigured: boolean;
  readonly status: RefreshStatus;
}

/** Relationships may also be made through another server with the same datastore. SPIRE's interval. */
const RELOAD_EVERY_MS = 10_000;

/**
 * Fetches the bundles of the trust domains that this one federates with and keeps them fresh: those of the configuration and
 * those of the API, from the moment at which they are made to that at which they go. A bundle stays when its relationship
 * goes, and when it can no longer be fetched.
 */
export class FederatedBundles implements AsyncDisposable {
  readonly #deps: FederatedBundlesDeps;
  readonly #configured: ReadonlyMap<string, FederationRelationship>;
  readonly #domains = new Map<string, FederatedDomain>();
  #unsubscribe: () => void = () => {};
  #cancelTimer: CancelTimer = () => {};
  readonly #reloads = new SharedRun(() => this.#reload());
  #isClosed = false;

  private constructor(deps: FederatedBundlesDeps) {
    this.#deps = deps;
    this.#configured = byName(deps.configured);
  }

  /** Begins with the relationships that there are; it does not wait for their bundles. */
  static async open(deps: FederatedBundlesDeps): Promise<FederatedBundles> {
    const bundles = new FederatedBundles(deps);
    bundles.#unsubscribe = deps.changes.subscribe((change) => bundles.#onChange(change));
    await bundles.#reloads.run();
    return bundles;
  }

  /** The trust domains whose bundles are fetched, by name. */
  get domains(): readonly ManagedDomain[] {
    return [...this.#domains.values()]
      .map(({ relationship, status }) => ({
        relationship,
        status,
        isConfigured: this.#configured.has(relationship.trustDomain.name),
      }))
      .sort((a, b) => (a.relationship.trustDomain.name < b.relationship.trustDomain.name ? -1 : 1));
  }

  /** Fetches a bundle now. Error: `not-found` for a trust domain that is not federated, and why it could not be fetched. */
  async refresh(trustDomain: TrustDomain): Promise<void> {
    await this.#reloads.run();
    const domain = this.#domains.get(trustDomain.name);
    if (domain === undefined) {
      throw new SpirekitError('not-found', `no relationship with trust domain "${trustDomain.name}"`);
    }
    const { error } = await domain.refresh();
    if (error !== undefined) throw error;
  }

  /** Gives up what is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#unsubscribe();
    this.#cancelTimer();
    await this.#reloads.settled();
    await Promise.all([...this.#domains.values()].map((domain) => domain[Symbol.asyncDispose]()));
    this.#domains.clear();
  }

  #onChange(change: DatastoreChange): void {
    if (change.kind === 'federation' || change.kind === 'all') void this.#reloads.run();
    if (change.kind !== 'bundle') return;
    // A bundle that somebody set is often the one by which the endpoint could not be recognised.
    for (const domain of this.#domains.values()) {
      const { profile } = domain.relationship;
      const isWaiting = profile.kind === 'https_spiffe' && domain.status.error !== undefined;
      if (isWaiting && profile.endpointSpiffeId.isMemberOf(change.trustDomain)) domain.start();
    }
  }

  async #reload(): Promise<void> {
    this.#cancelTimer();
    if (this.#isClosed) return;
    try {
      await this.#read();
    } catch (error) {
      this.#deps.log.error('Failed to reload configs', { error });
    }
    if (this.#isClosed) return;
    const reload = (): void => void this.#reloads.run();
    this.#cancelTimer = this.#deps.clock.schedule(RELOAD_EVERY_MS, reload, { unref: true });
  }

  async #read(): Promise<void> {
    const { items } = await this.#deps.federation.listFederationRelationships();
    if (this.#isClosed) return;
    const wanted = new Map([...byName(items), ...this.#configured]);
    const gone = [...this.#domains].filter(([name]) => !wanted.has(name));
    for (const [name] of gone) {
      this.#deps.log.info('Trust domain no longer managed', { trust_domain: name });
      this.#domains.delete(name);
    }
    for (const [name, relationship] of wanted) this.#manage(name, relationship);
    await Promise.all(gone.map(([, domain]) => domain[Symbol.asyncDispose]()));
  }

  #manage(name: string, relationship: FederationRelationship): void {
    const { log } = this.#deps;
    const fields = {
      trust_domain: name,
      bundle_endpoint_url: relationship.bundleEndpointUrl,
      bundle_endpoint_profile: relationship.profile.kind,
    };
    const present = this.#domains.get(name);
    if (present === undefined) {
      log.info('Trust domain is now managed', fields);
      const domain = new FederatedDomain(relationship, this.#deps);
      this.#domains.set(name, domain);
      domain.start();
    } else if (!isSame(present.relationship, relationship)) {
      log.info('Updated configuration for managed trust domain', fields);
      present.change(relationship);
    } else present.startIfDue();
  }
}

function byName(relationships: readonly FederationRelationship[]): ReadonlyMap<string, FederationRelationship> {
  return new Map(relationships.map((relationship) => [relationship.trustDomain.name, relationship]));
}

function isSame(a: FederationRelationship, b: FederationRelationship): boolean {
  return a.bundleEndpointUrl === b.bundleEndpointUrl && profileText(a) === profileText(b);
}

function profileText({ profile }: FederationRelationship): string {
  return profile.kind === 'https_spiffe' ? profile.endpointSpiffeId.toString() : profile.kind;
}
