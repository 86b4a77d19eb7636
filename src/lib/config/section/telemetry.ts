/** TLS of the Prometheus listener; either files or the daemon's own SVID. */
export interface PrometheusTlsConfig {
  readonly certFile: string;
  readonly keyFile: string;
  readonly clientCaFile: string;
  readonly useSpireSvid: boolean;
  readonly authorizedSpiffeIds: readonly string[];
}

/** The `telemetry` block. Empty strings and lists stand for keys that are not set. */
export interface TelemetryConfig {
  readonly prometheus:
    | { readonly host: string; readonly port: number; readonly tls: PrometheusTlsConfig | undefined }
    | undefined;
  readonly dogStatsd: readonly { readonly address: string }[];
  readonly statsd: readonly { readonly address: string }[];
  readonly m3: readonly { readonly address: string; readonly env: string }[];
  readonly isInMemEnabled: boolean;
  readonly metricPrefix: string;
  readonly isTrustDomainLabelEnabled: boolean | undefined;
  readonly isHostnameLabelEnabled: boolean | undefined;
  readonly allowedPrefixes: readonly string[];
  readonly blockedPrefixes: readonly string[];
  readonly allowedLabels: readonly string[];
  readonly blockedLabels: readonly string[];
}
