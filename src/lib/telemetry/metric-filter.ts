import type { MetricKey, MetricLabels } from './metrics.ts';

/** What a configuration lets through. Prefixes are of whole names with dots (`spire_server.rpc`), the program's included. */
export interface MetricFilterSettings {
  readonly allowedPrefixes: readonly string[];
  readonly blockedPrefixes: readonly string[];
  /** Empty means all. */
  readonly allowedLabels: readonly string[];
  readonly blockedLabels: readonly string[];
}

/**
 * Which metrics and labels are kept. The longest prefix that fits a name decides, and a name that none fits is kept: so
 * `allowedPrefixes` make exceptions from `blockedPrefixes` and forbid nothing by themselves, as in SPIRE.
 */
export class MetricFilter {
  readonly #prefixes: readonly (readonly [prefix: string, isAllowed: boolean])[];
  readonly #allowedLabels: ReadonlySet<string>;
  readonly #blockedLabels: ReadonlySet<string>;

  constructor(settings: MetricFilterSettings) {
    const prefixes = new Map<string, boolean>();
    for (const prefix of settings.allowedPrefixes) prefixes.set(prefix, true);
    for (const prefix of settings.blockedPrefixes) prefixes.set(prefix, false);
    this.#prefixes = [...prefixes].sort(([a], [b]) => b.length - a.length);
    this.#allowedLabels = new Set(settings.allowedLabels);
    this.#blockedLabels = new Set(settings.blockedLabels);
  }

  /** Whether a metric is kept; the key begins with the program's name. */
  isKept(key: MetricKey): boolean {
    const name = key.join('.');
    return this.#prefixes.find(([prefix]) => name.startsWith(prefix))?.[1] ?? true;
  }

  /** The labels that are kept. */
  keepLabels(labels: MetricLabels): MetricLabels {
    if (this.#allowedLabels.size === 0 && this.#blockedLabels.size === 0) return labels;
    const isKept = (name: string): boolean =>
      (this.#allowedLabels.size === 0 || this.#allowedLabels.has(name)) && !this.#blockedLabels.has(name);
    return Object.fromEntries(Object.entries(labels).filter(([name]) => isKept(name)));
  }
}
