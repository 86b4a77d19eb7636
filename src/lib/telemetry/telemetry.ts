import { hostname } from 'node:os';
import type { TelemetryConfig } from '../config/section/telemetry.ts';
import type { CancelTimer, Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import { ResourceStack } from '../runtime/resource-stack.ts';
import type { X509BundleSource } from '../spiffe/bundle-source.ts';
import type { SpiffeId } from '../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../spiffe/trust-domain.ts';
import { MetricFilter } from './metric-filter.ts';
import { type Metrics, NO_METRICS } from './metrics.ts';
import type { ExporterIdentity } from './prometheus/exporter-identity.ts';
import { openExporterTls, parseAuthorizedIds } from './prometheus/exporter-tls.ts';
import type { PrometheusMetrics } from './prometheus/prometheus-metrics.ts';

/** What {@link Telemetry.open} needs. */
export interface TelemetryDeps {
  readonly config: TelemetryConfig;
  /** What the metrics' names begin with unless the configuration says otherwise. */
  readonly serviceName: 'spire_server' | 'spire_agent';
  readonly trustDomain: TrustDomain;
  /** The daemon's, for the metric `started`. */
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What the exporter's TLS asks of the daemon once it has it. */
export interface ExporterCredentials {
  readonly identity: ExporterIdentity;
  readonly bundles: X509BundleSource;
}

const UPTIME_EVERY_MS = 10_000;

/** The metrics of a daemon and where they can be read, as its `telemetry` block says. */
export class Telemetry implements AsyncDisposable {
  readonly metrics: Metrics;
  /** SPIFFE IDs that may read the metrics; their trust domains' bundles are asked for. */
  readonly authorizedIds: readonly SpiffeId[];
  readonly #deps: TelemetryDeps;
  readonly #prometheus: PrometheusMetrics | undefined;
  readonly #resources = new ResourceStack();

  private constructor(deps: TelemetryDeps, prometheus: PrometheusMetrics | undefined) {
    this.#deps = deps;
    const tls = deps.config.prometheus?.tls;
    this.authorizedIds = tls === undefined ? [] : parseAuthorizedIds(tls);
    this.#prometheus = prometheus;
    this.metrics = prometheus ?? NO_METRICS;
  }

  /**
   * Counts from here on; nothing can be read before {@link serve}. A daemon without a sink counts nothing. Errors:
   * `invalid-config` and `invalid-spiffe-id` for the exporter's TLS.
   */
  static async open(deps: TelemetryDeps): Promise<Telemetry> {
    if (deps.config.prometheus === undefined) return new Telemetry(deps, undefined);
    const { config, serviceName, trustDomain, version } = deps;
    // Loaded only where metrics are asked for.
    const { PrometheusMetrics } = await import('./prometheus/prometheus-metrics.ts');
    const metrics = new PrometheusMetrics({
      prefix: config.metricPrefix === '' ? serviceName : config.metricPrefix,
      filter: new MetricFilter(config),
      commonLabels: {
        ...(config.isHostnameLabelEnabled !== false && { host: hostname() }),
        ...(config.isTrustDomainLabelEnabled === true && { trust_domain: trustDomain.name }),
      },
    });
    metrics.setGauge(['started'], 1, { version, trust_domain_id: trustDomain.name });
    const telemetry = new Telemetry(deps, metrics);
    telemetry.#reportUptime();
    return telemetry;
  }

  /**
   * Lets the metrics be read, where the configuration says so. As in SPIRE, an address that cannot be bound is no reason
   * not to serve identities: the log says it.
   *
   * Errors: `invalid-config` and `io-error` for the files of the exporter's TLS.
   */
  async serve(credentials: ExporterCredentials): Promise<void> {
    const { config, clock, log } = this.#deps;
    if (this.#prometheus === undefined || config.prometheus === undefined) return;
    const { port, tls: settings } = config.prometheus;
    const host = config.prometheus.host === '' ? 'localhost' : config.prometheus.host;
    if (!isLoopback(host)) {
      log.warn(
        'The prometheus exporter listens for other machines too; whoever reaches its port can read the metrics, unless its tls block says who may',
        { host },
      );
    }
    const { listenForPrometheus } = await import('./prometheus/prometheus-listener.ts');
    const { authorizedIds } = this;
    const tls = settings && (await openExporterTls(settings, { ...credentials, authorizedIds, clock }));
    log.info('Starting prometheus exporter', { host, port });
    try {
      this.#resources.use(await listenForPrometheus({ address: { host, port }, metrics: this.#prometheus, tls, log }));
    } catch (error) {
      log.error('Prometheus exporter could not be started; metrics cannot be read until the next start', {
        host,
        port,
        error,
      });
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#resources.disposeAsync();
  }

  #reportUptime(): void {
    const { clock } = this.#deps;
    const startedMs = clock.monotonicMs();
    let cancel: CancelTimer = () => {};
    const report = (): void => {
      this.metrics.setGauge(['uptime_in_ms'], Math.round(clock.monotonicMs() - startedMs));
      cancel = clock.schedule(UPTIME_EVERY_MS, report, { unref: true });
    };
    report();
    this.#resources.defer(() => cancel());
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
