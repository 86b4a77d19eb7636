import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';

/** What plugins may use of the agent. */
export interface PluginEnvironment {
  readonly clock: Clock;
  /** Carries the plugin's name and type. */
  readonly log: Logger;
}
