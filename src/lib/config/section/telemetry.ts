import { block, unknownKeys } from '../schema/block.ts';
import { blockList, list } from '../schema/collections.ts';
import { bool, int, optional, string } from '../schema/scalars.ts';
import type { Infer } from '../schema/schema.ts';
import type { UnknownSection } from './unknown-keys.ts';

/** TLS of the Prometheus listener; either files or the daemon's own SVID. */
interface PrometheusTlsConfig {
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

const tlsSchema = block({
  cert_file: string(),
  key_file: string(),
  client_ca_file: string(),
  use_spire_svid: bool(),
  authorized_spiffe_ids: list(string()),
});

/** Keys of telemetry are written with capitals, but like all keys they are read in any case. */
export const telemetrySchema = block({
  Prometheus: optional(block({ host: string(), port: int(), tls: optional(tlsSchema) })),
  DogStatsd: blockList(block({ address: string() })),
  Statsd: blockList(block({ address: string() })),
  M3: blockList(block({ address: string(), env: string() })),
  InMem: optional(block({})),
  MetricPrefix: string(),
  EnableTrustDomainLabel: optional(bool()),
  EnableHostnameLabel: optional(bool()),
  AllowedPrefixes: list(string()),
  BlockedPrefixes: list(string()),
  AllowedLabels: list(string()),
  BlockedLabels: list(string()),
});

type RawTelemetry = Infer<typeof telemetrySchema>;

export function resolveTelemetry(raw: RawTelemetry): TelemetryConfig {
  const { Prometheus: prometheus } = raw;
  return {
    prometheus: prometheus && {
      host: prometheus.host,
      port: prometheus.port,
      tls: prometheus.tls && resolveTls(prometheus.tls),
    },
    dogStatsd: raw.DogStatsd.map(({ address }) => ({ address })),
    statsd: raw.Statsd.map(({ address }) => ({ address })),
    m3: raw.M3.map(({ address, env }) => ({ address, env })),
    isInMemEnabled: raw.InMem !== undefined,
    metricPrefix: raw.MetricPrefix,
    isTrustDomainLabelEnabled: raw.EnableTrustDomainLabel,
    isHostnameLabelEnabled: raw.EnableHostnameLabel,
    allowedPrefixes: raw.AllowedPrefixes,
    blockedPrefixes: raw.BlockedPrefixes,
    allowedLabels: raw.AllowedLabels,
    blockedLabels: raw.BlockedLabels,
  };
}

/** Sections of the block that SPIRE checks for unknown keys, which leaves out the block itself. */
export function unknownTelemetryKeys(raw: RawTelemetry): UnknownSection[] {
  const sections = (name: string, blocks: readonly (Parameters<typeof unknownKeys>[0] | undefined)[]) =>
    blocks.flatMap((value) => (value === undefined ? [] : [{ section: name, keys: unknownKeys(value) }]));
  return [
    ...sections('Prometheus', [raw.Prometheus]),
    ...sections('DogStatsd', raw.DogStatsd),
    ...sections('Statsd', raw.Statsd),
    ...sections('M3', raw.M3),
    ...sections('InMem', [raw.InMem]),
  ];
}

function resolveTls(raw: Infer<typeof tlsSchema>): PrometheusTlsConfig {
  return {
    certFile: raw.cert_file,
    keyFile: raw.key_file,
    clientCaFile: raw.client_ca_file,
    useSpireSvid: raw.use_spire_svid,
    authorizedSpiffeIds: raw.authorized_spiffe_ids,
  };
}
