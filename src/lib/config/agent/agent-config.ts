import type { KeyType } from '../../crypto/key.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { DaemonConfig } from '../section/daemon-config.ts';

/** Where the first trust bundle comes from. Exactly one applies. */
export type TrustBundleSource =
  | { readonly kind: 'insecure' }
  | { readonly kind: 'file'; readonly path: string }
  | {
      readonly kind: 'url';
      readonly url: string;
      /** Unix socket that the URL is asked through; its scheme is then `http`, otherwise `https`. */
      readonly unixSocket: string | undefined;
    }
  | { readonly kind: 'workload-api'; readonly address: string };

/** Resource names that the SDS API gives out. */
export interface SdsConfig {
  /** Default `default`. */
  readonly defaultSvidName: string;
  /** Default `ROOTCA`. */
  readonly defaultBundleName: string;
  /** Default `ALL`. */
  readonly defaultAllBundlesName: string;
  readonly disableSpiffeCertValidation: boolean;
}

/** Calls per second and set of selectors that the Workload API and SDS allow; 0 means no limit. */
export interface WorkloadApiRateLimit {
  readonly fetchX509Svid: number;
  readonly fetchJwtSvid: number;
  readonly fetchX509Bundles: number;
  readonly fetchJwtBundles: number;
  readonly streamSecrets: number;
  readonly fetchSecrets: number;
}

/** The `experimental.broker` block. */
export interface BrokerConfig {
  /** Absolute path. */
  readonly socketPath: string | undefined;
  /** `host:port`. */
  readonly bindAddress: string | undefined;
  readonly brokers: readonly {
    readonly id: SpiffeId;
    readonly allowedReferenceTypes: readonly { readonly typeUrl: string; readonly allowOverTcp: boolean }[];
  }[];
}

/** The `experimental` block of the agent, resolved. */
interface AgentExperimentalConfig {
  /** Default 5. */
  readonly syncIntervalSeconds: number;
  /** How long a failed fetch may fall back on a cached JWT-SVID; undefined keeps the agent's default. */
  readonly jwtSvidCacheHitTimeoutSeconds: number | undefined;
  /** Default true. */
  readonly useSyncAuthorizedEntries: boolean;
  readonly requirePqKem: boolean;
  readonly rateLimit: WorkloadApiRateLimit;
  readonly broker: BrokerConfig | undefined;
  readonly featureFlags: readonly string[];
}

/**
 * An agent's configuration, checked and with every default filled in. Times are in seconds and may have fractions.
 */
export interface AgentConfig extends DaemonConfig {
  /** As configured, not made absolute. Default `.`. */
  readonly dataDir: string;
  readonly serverAddress: string;
  readonly serverPort: number;
  /**
   * Absolute path of the public socket. Default `/tmp/spire-agent/public/api.sock`. Undefined when neither the Workload
   * API nor the SDS API is served.
   */
  readonly socketPath: string | undefined;
  /** Absolute path; undefined means no admin socket. Never in the folder of the public socket or below it. */
  readonly adminSocketPath: string | undefined;
  readonly disableWorkloadApi: boolean;
  readonly disableSdsApi: boolean;

  readonly trustBundle: TrustBundleSource;
  /** Format of a bundle from a file or a URL. Default `pem`. */
  readonly trustBundleFormat: 'pem' | 'spiffe';
  readonly insecureBootstrap: boolean;
  /** From `join_token` or the trimmed content of `join_token_file`. A secret: never log it. */
  readonly joinToken: string | undefined;
  /** Default `never`. */
  readonly rebootstrapMode: 'never' | 'auto' | 'always';
  /** Default 600. */
  readonly rebootstrapDelaySeconds: number;

  /** Default `ec-p256`; `rsa-4096` never appears. */
  readonly workloadX509SvidKeyType: KeyType;
  /** How long SVIDs should stay valid without a server; undefined rotates at half of the lifetime. At least 86400. */
  readonly availabilityTargetSeconds: number | undefined;
  /** Soft limit of cached SVIDs; 0 keeps the agent's default. */
  readonly x509SvidCacheMaxSize: number;
  /** Soft limit of cached JWT-SVIDs; 0 keeps the agent's default. */
  readonly jwtSvidCacheMaxSize: number;
  readonly allowUnauthenticatedVerifiers: boolean;
  readonly allowedForeignJwtClaims: readonly string[];
  /** Members of the agent's own trust domain. */
  readonly authorizedDelegates: readonly SpiffeId[];
  /** Prefixes of workload selectors that may appear in diagnostic log lines. */
  readonly logSelectors: readonly string[];

  readonly sds: SdsConfig;
  readonly experimental: AgentExperimentalConfig;
}
