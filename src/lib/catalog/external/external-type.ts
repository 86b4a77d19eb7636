import type { ServiceDefinition } from '../../rpc/service.ts';
import type { ExternalPlugin } from './external-plugin.ts';

/** How external plugins of one type are used. */
export interface ExternalPluginType<Plugin> {
  /** What a plugin of the type has to serve. */
  readonly service: ServiceDefinition;
  /** The plugin behind the interface of its type. */
  adapt(plugin: ExternalPlugin): Plugin;
}
