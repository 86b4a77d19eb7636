import type { KeyType } from '../../crypto/key.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import type { DaemonConfig } from '../section/daemon-config.ts';

/** Subject of the server's own X.509 CA; at least one part is set. */
export interface CaSubject {
  readonly country: readonly string[];
  readonly organization: readonly string[];
  readonly commonName: string;
}

/** Account data for a certificate from an ACME server. */
export interface AcmeConfig {
  readonly directoryUrl: string;
  readonly domainName: string;
  readonly email: string;
  readonly isTosAccepted: boolean;
}

/** How this server's own bundle endpoint proves who it is. */
export type BundleEndpointProfile =
  | { readonly kind: 'https_spiffe' }
  | { readonly kind: 'https_web_acme'; readonly acme: AcmeConfig }
  | {
      readonly kind: 'https_web_files';
      readonly certFile: string;
      readonly keyFile: string;
      /** How often the files are looked at again. Default 3600. */
      readonly fileSyncIntervalSeconds: number;
    };

/** The `federation.bundle_endpoint` block. */
export interface BundleEndpointConfig {
  readonly address: string;
  readonly port: number;
  /** Default 300. */
  readonly refreshHintSeconds: number;
  readonly profile: BundleEndpointProfile;
}

/** One `federation.federates_with` block: where the other trust domain's bundle is fetched. */
export interface FederatesWithConfig {
  readonly trustDomain: TrustDomain;
  readonly bundleEndpointUrl: string;
  readonly profile:
    | { readonly kind: 'https_web' }
    | { readonly kind: 'https_spiffe'; readonly endpointSpiffeId: SpiffeId };
}

/** The `experimental` block of the server, resolved. */
export interface ServerExperimentalConfig {
  readonly agentSpiffeIdAsSelector: boolean;
  readonly eventsBasedCache: boolean;
  /** Default 5. */
  readonly cacheReloadIntervalSeconds: number;
  /** Default 86400. */
  readonly fullCacheReloadIntervalSeconds: number;
  /** Default 43200. */
  readonly pruneEventsOlderThanSeconds: number;
  /** Default 900. */
  readonly eventTimeoutSeconds: number;
  readonly requirePqKem: boolean;
  readonly witKeyType: KeyType;
  readonly witIssuer: string;
  readonly featureFlags: readonly string[];
  readonly opaPolicy: { readonly regoPath: string; readonly policyDataPath: string } | undefined;
}

/**
 * A server's configuration, checked and with every default filled in. Times are in seconds and may have fractions.
 */
export interface ServerConfig extends DaemonConfig {
  /** Host or IP address without brackets. Default `0.0.0.0`. */
  readonly bindAddress: string;
  /** Default 8081; 0 never appears. */
  readonly bindPort: number;
  /** Absolute path. Default `/tmp/spire-server/private/api.sock`. */
  readonly socketPath: string;

  readonly caKeyType: KeyType;
  /** Default 86400. */
  readonly caTtlSeconds: number;
  readonly caSubject: CaSubject;
  /** Default 3600. */
  readonly defaultX509SvidTtlSeconds: number;
  /** Default 300. */
  readonly defaultJwtSvidTtlSeconds: number;
  /** Default: that of X509-SVIDs. */
  readonly agentTtlSeconds: number;
  /** `iss` of JWT-SVIDs; undefined leaves the claim out. */
  readonly jwtIssuer: string | undefined;
  /** Default: `caKeyType`. */
  readonly jwtKeyType: KeyType;
  readonly disableJwtSvids: boolean;

  readonly adminIds: readonly SpiffeId[];
  readonly auditLogEnabled: boolean;
  /** Absolute path of the file that narrows or extends who may call what. */
  readonly authorizationPolicyFile: string | undefined;
  /** Both default to true. */
  readonly rateLimit: { readonly attestation: boolean; readonly signing: boolean };
  /** CIDR blocks whose PROXY protocol headers are believed. */
  readonly proxyProtocolTrustedCidrs: readonly string[];

  /** Age after expiry at which attested nodes are deleted; 0 keeps them. */
  readonly pruneAttestedNodesExpiredForSeconds: number;
  /** 0 means no limit was set. */
  readonly pruneAttestedNodesBatchSize: number;
  readonly pruneNonReattestableNodes: boolean;
  /** How old an agent's cached record may be on use; 0 means always fresh. */
  readonly maxAttestedNodeInfoStalenessSeconds: number;

  readonly federation: {
    readonly bundleEndpoint: BundleEndpointConfig | undefined;
    readonly federatesWith: readonly FederatesWithConfig[];
    /** Follow redirects of bundle endpoints to private addresses. Default false. */
    readonly allowPrivateRedirects: boolean;
  };
  readonly experimental: ServerExperimentalConfig;
}
