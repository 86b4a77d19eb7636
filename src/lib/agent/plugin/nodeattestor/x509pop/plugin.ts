import type { BuiltInPlugin } from '../../../../catalog/built-in-plugin.ts';
import { ConfigError } from '../../../../config/config-error.ts';
import { block } from '../../../../config/schema/block.ts';
import { fieldNames } from '../../../../config/schema/field-names.ts';
import { string } from '../../../../config/schema/scalars.ts';
import { decodeText } from '../../../../config/schema/schema.ts';
import type { NodeAttestor } from '../node-attestor.ts';
import { X509PopNodeAttestor } from './x509pop-node-attestor.ts';

const schema = block({ private_key_path: string(), certificate_path: string(), intermediates_path: string() });

/** NodeAttestor `x509pop`: the files of a certificate, its key and, if it needs them, intermediates. */
export const x509PopNodeAttestor: BuiltInPlugin<unknown, NodeAttestor> = {
  isConfigurable: true,
  settings: fieldNames(schema),
  open: async (text) => {
    const data = decodeText(schema, text);
    if (data.private_key_path === '') throw new ConfigError('private_key_path is required');
    if (data.certificate_path === '') throw new ConfigError('certificate_path is required');
    return await X509PopNodeAttestor.open({
      privateKeyPath: data.private_key_path,
      certificatePath: data.certificate_path,
      intermediatesPath: data.intermediates_path.trim() === '' ? undefined : data.intermediates_path,
    });
  },
};
