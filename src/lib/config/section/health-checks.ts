import { block } from '../schema/block.ts';
import { bool, string } from '../schema/scalars.ts';
import type { Infer } from '../schema/schema.ts';

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

export const healthChecksSchema = block({
  listener_enabled: bool(),
  bind_address: string(),
  bind_port: string(),
  ready_path: string(),
  live_path: string(),
});

/** Fills in the defaults. */
export function resolveHealthChecks(raw: Infer<typeof healthChecksSchema>): HealthChecksConfig {
  return {
    listenerEnabled: raw.listener_enabled,
    bindAddress: raw.bind_address.replace(/^[[\]]+|[[\]]+$/g, '') || 'localhost',
    bindPort: raw.bind_port || '80',
    livePath: raw.live_path || '/live',
    readyPath: raw.ready_path || '/ready',
  };
}
