/** The `health_checks` block, resolved. */
export interface HealthChecksConfig {
  /** Whether the HTTP listener runs. Default false. */
  readonly listenerEnabled: boolean;
  /** Host without brackets. Default `localhost`. */
  readonly bindAddress: string;
  /** Port or service name, as written. Default `80`. */
  readonly bindPort: string;
  /** Default `/live`. */
  readonly livePath: string;
  /** Default `/ready`. */
  readonly readyPath: string;
}
