import type { BuiltInPlugin } from '../../../../catalog/built-in-plugin.ts';
import { ConfigError } from '../../../../config/config-error.ts';
import { block } from '../../../../config/schema/block.ts';
import { fieldNames } from '../../../../config/schema/field-names.ts';
import { string } from '../../../../config/schema/scalars.ts';
import { decodeText } from '../../../../config/schema/schema.ts';
import type { PluginEnvironment } from '../../../catalog/plugin-environment.ts';
import type { KeyManager } from '../key-manager.ts';
import { DiskKeyManager } from './disk-key-manager.ts';

const schema = block({ directory: string() });

/** KeyManager `disk`: `directory` is where its file lies. */
export const diskKeyManager: BuiltInPlugin<PluginEnvironment, KeyManager> = {
  isConfigurable: true,
  settings: fieldNames(schema),
  open: async (data, { clock, log }) => {
    const { directory } = decodeText(schema, data);
    if (directory === '') throw new ConfigError('directory must be configured');
    return await DiskKeyManager.open({ directory, clock, log });
  },
};
