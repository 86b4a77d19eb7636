import { ConfigError } from '../../config/config-error.ts';
import { block } from '../../config/schema/block.ts';
import { string } from '../../config/schema/scalars.ts';
import { decodeText } from '../../config/schema/schema.ts';
import { JoinTokenNodeAttestor } from '../plugin/nodeattestor/join-token/join-token-node-attestor.ts';
import type { NodeAttestor } from '../plugin/nodeattestor/node-attestor.ts';
import { X509PopNodeAttestor } from '../plugin/nodeattestor/x509pop/x509pop-node-attestor.ts';
import type { BuiltIn, BuiltIns } from './built-in.ts';

const X509POP_DATA = block({ private_key_path: string(), certificate_path: string(), intermediates_path: string() });

export const NODE_ATTESTORS: BuiltIns<NodeAttestor> = new Map<string, BuiltIn<NodeAttestor>>([
  // With a token in the configuration the agent takes its own: this one says that there is none.
  ['join_token', { isConfigurable: false, open: async () => new JoinTokenNodeAttestor(undefined) }],
  [
    'x509pop',
    {
      isConfigurable: true,
      open: async (_environment, hcl) => {
        const data = decodeText(X509POP_DATA, hcl);
        if (data.private_key_path === '') throw new ConfigError('private_key_path is required');
        if (data.certificate_path === '') throw new ConfigError('certificate_path is required');
        return await X509PopNodeAttestor.open({
          privateKeyPath: data.private_key_path,
          certificatePath: data.certificate_path,
          intermediatesPath: data.intermediates_path.trim() === '' ? undefined : data.intermediates_path,
        });
      },
    },
  ],
]);
