import type { Logger } from '../../runtime/logger.ts';
import type { Bundle } from '../../spiffe/bundle.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';

/** The trust bundles that the agent knows: its own trust domain's, always, and those that entries federate with. */
export class BundleSet {
  readonly #log: Logger;
  #own: Bundle;
  #byName: ReadonlyMap<string, Bundle> = new Map();

  constructor(own: Bundle, log: Logger) {
    this.#own = own;
    this.#log = log;
  }

  /** Of the agent's own trust domain. */
  get own(): Bundle {
    return this.#own;
  }

  /** Of any trust domain that the agent knows. */
  find(trustDomain: TrustDomain): Bundle | undefined {
    return trustDomain.equals(this.#own.trustDomain) ? this.#own : this.#byName.get(trustDomain.name);
  }

  /** Those of these trust domains that there are, by name in order. */
  select(trustDomains: Iterable<TrustDomain>): ReadonlyMap<string, Bundle> {
    const names = new Set(Array.from(trustDomains, ({ name }) => name));
    const selected = new Map<string, Bundle>();
    for (const name of [...names].sort()) {
      const bundle = this.#byName.get(name);
      if (bundle !== undefined) selected.set(name, bundle);
      else this.#log.warn('Federated bundle contents missing', { federated_bundle: name });
    }
    return selected;
  }

  /** Takes over all bundles, by name; returns the names of those that are new, others or gone. */
  replace(bundles: ReadonlyMap<string, Bundle>): ReadonlySet<string> {
    const changed = new Set<string>();
    const ownName = this.#own.trustDomain.name;
    for (const [name, bundle] of bundles) {
      const before = name === ownName ? this.#own : this.#byName.get(name);
      if (before === bundle) continue;
      changed.add(name);
      this.#log.debug(before === undefined ? 'Bundle added' : 'Bundle updated', { trust_domain_id: name });
    }
    for (const name of this.#byName.keys()) {
      if (name === ownName || bundles.has(name)) continue;
      changed.add(name);
      this.#log.debug('Bundle removed', { trust_domain_id: name });
    }
    this.#byName = bundles;
    // Never without one: it is what the server itself is known by.
    this.#own = bundles.get(ownName) ?? this.#own;
    return changed;
  }
}
