import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';

/** What a plugin is given when it is loaded. */
export interface PluginEnvironment {
  readonly clock: Clock;
  /** Carries the plugin's name and type. */
  readonly log: Logger;
}

/** A plugin that comes with the agent. */
export type BuiltIn<T> =
  | { readonly isConfigurable: false; open(environment: PluginEnvironment): Promise<T> }
  | {
      readonly isConfigurable: true;
      /** @param hcl the `plugin_data` block; empty if there is none. Throws `invalid-config` when it cannot be used. */
      open(environment: PluginEnvironment, hcl: string): Promise<T>;
    };

/** Built-in plugins by their name in the configuration. */
export type BuiltIns<T> = ReadonlyMap<string, BuiltIn<T>>;
