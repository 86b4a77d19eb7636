import type { BuiltInPlugin } from '../../../../catalog/built-in-plugin.ts';
import { block } from '../../../../config/schema/block.ts';
import { string } from '../../../../config/schema/scalars.ts';
import { decodeText } from '../../../../config/schema/schema.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import type { KeyManager } from '../key-manager.ts';
import { DiskKeyManager } from './disk-key-manager.ts';

const schema = block({ keys_path: string() });

/** KeyManager `disk`: `keys_path` names the file. */
export const diskKeyManager: BuiltInPlugin<unknown, KeyManager> = {
  isConfigurable: true,
  validate: (data) => {
    try {
      return decodeText(schema, data).keys_path === '' ? ['keys_path is required'] : [];
    } catch (error) {
      return [`unable to decode configuration: ${SpirekitError.from(error).message}`];
    }
  },
  open: (data) => DiskKeyManager.open({ keysPath: decodeText(schema, data).keys_path }),
};
