import { goQuote } from '../../runtime/go-quote.ts';
import { Template } from '../../template/template.ts';
import { block } from '../schema/block.ts';
import { list } from '../schema/collections.ts';
import { bool, int, optional, string } from '../schema/scalars.ts';
import type { Infer } from '../schema/schema.ts';
import { findCertificateFault } from './certificates.ts';
import { findTemplateFault } from './path-template.ts';
import { cannotDecode, checkWith, type Notes, type PluginCheck, type PluginCheckContext } from './plugin-check.ts';

/** The settings of the server's node attestor `x509pop`. */
export const x509PopSchema = block({
  mode: string(),
  spiffe_prefix: optional(string()),
  ca_bundle_path: string(),
  ca_bundle_paths: list(string()),
  agent_path_template: string(),
  max_intermediates: optional(int()),
  max_rsa_key_size: optional(int()),
  verify_client_ip: bool(),
});

/** Settings as they were read. */
export type X509PopSettings = Infer<typeof x509PopSchema>;

/** Whether agents show certificates of a PKI of the operator's, not SVIDs of this server. */
export function isExternalPki({ mode }: X509PopSettings): boolean {
  return mode === '' || mode === 'external_pki';
}

/** The files with the CAs that speak for nodes. */
export function caBundlePaths({ ca_bundle_path: path, ca_bundle_paths: paths }: X509PopSettings): readonly string[] {
  return path === '' ? paths : [path];
}

export const x509PopCheck: PluginCheck = checkWith({
  schema: x509PopSchema,
  malformed: cannotDecode,
  async rules(config, context): Promise<Notes> {
    const { ca_bundle_path: path, ca_bundle_paths: paths, mode, agent_path_template: template } = config;
    const isPki = isExternalPki(config);
    const files = caBundlePaths(config);
    return [
      !isPki && mode !== 'spiffe' && 'mode can only be either spiffe or external_pki',
      isPki &&
        path !== '' &&
        paths.length > 0 &&
        'only one of ca_bundle_path or ca_bundle_paths can be configured, not both',
      isPki && files.length === 0 && 'one of ca_bundle_path or ca_bundle_paths must be configured',
      ...(isPki ? await findBundleFaults(files, context) : []),
      mode === 'spiffe' && files.length > 0 && 'you can not use ca_bundle_path or ca_bundle_paths in spiffe mode',
      checkTemplate(template),
      (config.max_intermediates ?? 1) <= 0 && 'max_intermediates must be greater than 0',
      (config.max_rsa_key_size ?? 1) <= 0 && 'max_rsa_key_size must be greater than 0',
    ];
  },
});

async function findBundleFaults(files: readonly string[], context: PluginCheckContext): Promise<string[]> {
  const faults: string[] = [];
  for (const file of files) {
    const fault = await findCertificateFault(file, context);
    if (fault !== undefined) faults.push(`unable to load trust bundle ${goQuote(file)}: ${fault}`);
  }
  return faults;
}

/** Functions that only SPIRE's templates have are told when the configuration is read, not when an agent comes. */
function checkTemplate(template: string): string | false {
  if (findTemplateFault(template) !== undefined) return `failed to parse agent svid template: ${goQuote(template)}`;
  const [missing] = Template.parse(template).missingFunctions;
  return missing !== undefined && `agent_path_template uses ${goQuote(missing)}, a function that is not supported here`;
}
