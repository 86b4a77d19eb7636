import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import type { ConfigNotice } from '../config-notice.ts';
import type { HealthChecksConfig } from './health-checks.ts';
import type { LogSettings } from './log-settings.ts';
import type { PluginConfig } from './plugins.ts';
import type { TelemetryConfig } from './telemetry.ts';

/** What the configurations of server and agent have in common. */
export interface DaemonConfig extends LogSettings {
  readonly trustDomain: TrustDomain;
  /** As configured, not made absolute. */
  readonly dataDir: string;
  readonly plugins: readonly PluginConfig[];
  readonly telemetry: TelemetryConfig;
  readonly healthChecks: HealthChecksConfig;
  readonly profiling: {
    readonly isEnabled: boolean;
    readonly port: number;
    readonly frequencySeconds: number;
    readonly names: readonly string[];
  };

  /** What the daemon logs once its log is open, in this order. */
  readonly notices: readonly ConfigNotice[];
  /** Sentences for people that are worth a warning in the log; the drop-in `validate` keeps them to itself. */
  readonly hints: readonly string[];
  /** Keys that are set, are valid and do nothing in this version, as dotted paths such as `server.profiling_port`. */
  readonly notYetEffective: readonly string[];
}
