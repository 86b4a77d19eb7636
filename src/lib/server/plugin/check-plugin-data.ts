import { ConfigError } from '../../config/config-error.ts';
import type { PluginCheck } from '../../config/plugin-check/plugin-check.ts';

/**
 * Holds the settings of a plugin against the rules that `validate` applies, before it is opened with them.
 *
 * Error: `invalid-config` in SPIRE's words, as the catalog puts it for settings that are refused.
 *
 * @param isFault false for what the check says that is no fault but good to know; everything is a fault by default
 */
export async function checkPluginData(
  check: PluginCheck | undefined,
  data: string,
  isFault: (note: string) => boolean = () => true,
): Promise<void> {
  const notes = await check?.(data, {
    env: {},
    readFile: async (path) => {
      throw new ConfigError(`open ${path}: files are read when the plugin is opened`);
    },
  });
  const reason = notes?.find(isFault);
  if (reason !== undefined) throw new ConfigError(`rpc error: code = InvalidArgument desc = ${reason}`);
}
