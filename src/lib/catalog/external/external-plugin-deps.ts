import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { HostService } from './host-service.ts';

/** What external plugins are given, of whatever type. */
export interface ExternalPluginDeps {
  /** Told to plugins when they are configured. */
  readonly trustDomain: { readonly name: string };
  /** What plugins may ask of the daemon. */
  readonly hostServices: readonly HostService[];
  /** What programs of others are started with. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Its lines name the plugin. */
  readonly log: Logger;
  /** Ends the opening. */
  readonly signal: AbortSignal | undefined;
  /** Told each time a plugin has ended by itself. */
  readonly onExit: (plugin: { readonly name: string; readonly type: string }) => void;
}
